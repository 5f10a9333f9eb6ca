package athanor.kernels.cuda.simulator;

import static athanor.kernels.cuda.simulator.FloatOperations.f32;
import static athanor.kernels.cuda.simulator.FloatOperations.f64;

import athanor.kernels.cuda.simulator.Operation.Definition;
import java.util.List;

/// Comparisons and selection by predicate.
final class Comparisons {
    private static final String[] INTEGER = {
        "eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs"
    };
    private static final String[] FLOAT = {
        "eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"
    };

    private Comparisons() {}

    @FunctionalInterface
    private interface Test {
        boolean holds(long a, long b);
    }

    static Definition define(Opcode op) {
        return switch (op.base) {
            case "selp" -> {
                PtxType t = op.type();
                yield new Definition(
                        t, List.of(t, t, PtxType.PRED), (a, b, c, d) -> c != 0 ? a : b);
            }
            case "testp" -> testp(op);
            case "set" -> {
                PtxType result = op.type(0, 2);
                PtxType t = op.type(1, 2);
                long yes = result == PtxType.F32 ? FloatOperations.bits(1f) : 0xffffffffL;
                if (result.bits != 32) {
                    throw op.unknown();
                }
                Test test = test(op, t);
                yield new Definition(
                        result, List.of(t, t), (a, b, c, d) -> test.holds(a, b) ? yes : 0);
            }
            default -> setp(op);
        };
    }

    private static Definition setp(Opcode op) {
        PtxType t = op.type();
        Test test = test(op, t);
        String with = op.takeOneOf("and", "or", "xor");
        List<PtxType> operands = with.isEmpty() ? List.of(t, t) : List.of(t, t, PtxType.PRED);
        return new Definition(
                PtxType.PRED,
                operands,
                switch (with) {
                    case "and" -> (a, b, c, d) -> test.holds(a, b) ? c : 0;
                    case "or" -> (a, b, c, d) -> test.holds(a, b) ? 1 : c;
                    case "xor" -> (a, b, c, d) -> test.holds(a, b) ? c ^ 1 : c;
                    default -> (a, b, c, d) -> test.holds(a, b) ? 1 : 0;
                });
    }

    private static Test test(Opcode op, PtxType t) {
        if (!t.isFloat()) {
            return integers(op.takeRequired(INTEGER), t, op);
        }
        boolean flush = op.take("ftz");
        Test test = floats(op.takeRequired(FLOAT), t, op);
        return flush
                ? (a, b) -> test.holds(FloatOperations.flush(a), FloatOperations.flush(b))
                : test;
    }

    private static Test integers(String comparison, PtxType t, Opcode op) {
        boolean order = !comparison.equals("eq") && !comparison.equals("ne");
        if (t.bits < 16 || (order && !t.isInteger())) {
            throw op.unknown();
        }
        return switch (comparison) {
            case "eq" -> (a, b) -> t.truncate(a) == t.truncate(b);
            case "ne" -> (a, b) -> t.truncate(a) != t.truncate(b);
            case "lt", "lo" -> (a, b) -> IntegerOperations.compare(t, a, b) < 0;
            case "le", "ls" -> (a, b) -> IntegerOperations.compare(t, a, b) <= 0;
            case "gt", "hi" -> (a, b) -> IntegerOperations.compare(t, a, b) > 0;
            default -> (a, b) -> IntegerOperations.compare(t, a, b) >= 0;
        };
    }

    private static Test floats(String comparison, PtxType t, Opcode op) {
        return switch (t) {
            case F32 -> {
                Test wide = doubles(comparison);
                yield (a, b) -> wide.holds(widen(a), widen(b));
            }
            case F64 -> doubles(comparison);
            default -> throw op.unknown();
        };
    }

    private static long widen(long a) {
        return Double.doubleToRawLongBits(f32(a));
    }

    /// With a NaN those that end in u hold and those without do not.
    private static Test doubles(String comparison) {
        return switch (comparison) {
            case "eq" -> (a, b) -> f64(a) == f64(b);
            case "ne" -> (a, b) -> f64(a) < f64(b) || f64(a) > f64(b);
            case "lt" -> (a, b) -> f64(a) < f64(b);
            case "le" -> (a, b) -> f64(a) <= f64(b);
            case "gt" -> (a, b) -> f64(a) > f64(b);
            case "ge" -> (a, b) -> f64(a) >= f64(b);
            case "equ" -> (a, b) -> !(f64(a) < f64(b) || f64(a) > f64(b));
            case "neu" -> (a, b) -> f64(a) != f64(b);
            case "ltu" -> (a, b) -> !(f64(a) >= f64(b));
            case "leu" -> (a, b) -> !(f64(a) > f64(b));
            case "gtu" -> (a, b) -> !(f64(a) <= f64(b));
            case "geu" -> (a, b) -> !(f64(a) < f64(b));
            case "num" -> (a, b) -> !Double.isNaN(f64(a)) && !Double.isNaN(f64(b));
            default -> (a, b) -> Double.isNaN(f64(a)) || Double.isNaN(f64(b));
        };
    }

    private static Definition testp(Opcode op) {
        PtxType t = op.type();
        if (t != PtxType.F32 && t != PtxType.F64) {
            throw op.unknown();
        }
        boolean single = t == PtxType.F32;
        double smallest = single ? Float.MIN_NORMAL : Double.MIN_NORMAL;
        Test test =
                switch (op.takeRequired(
                        "finite", "infinite", "number", "notanumber", "normal", "subnormal")) {
                    case "finite" -> (a, b) -> Double.isFinite(f64(a));
                    case "infinite" -> (a, b) -> Double.isInfinite(f64(a));
                    case "number" -> (a, b) -> !Double.isNaN(f64(a));
                    case "notanumber" -> (a, b) -> Double.isNaN(f64(a));
                    case "normal" ->
                            (a, b) -> Double.isFinite(f64(a)) && Math.abs(f64(a)) >= smallest;
                    default -> (a, b) -> f64(a) != 0 && Math.abs(f64(a)) < smallest;
                };
        return new Definition(
                PtxType.PRED,
                List.of(t),
                (a, b, c, d) -> test.holds(single ? widen(a) : a, 0) ? 1 : 0);
    }
}
