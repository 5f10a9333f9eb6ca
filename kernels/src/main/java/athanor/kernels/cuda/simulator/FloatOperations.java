package athanor.kernels.cuda.simulator;

import athanor.kernels.cuda.simulator.Operation.Definition;

/// Arithmetic of f32 and f64. Results are those of the ISA to the bit, except `.approx` and
/// `.full`: there the ISA allows an error of some units in the last place, and here stands the
/// correctly rounded float of the double function, so a kernel must not lean on either.
/// Directed rounding (`.rz .rm .rp`) is simulated for f32, where double arithmetic finds it.
/// A NaN comes out as the one NaN of the GPU, 0x7fffffff.
final class FloatOperations {
    private static final double LN_2 = Math.log(2);

    private FloatOperations() {}

    static float f32(long bits) {
        return Float.intBitsToFloat((int) bits);
    }

    static double f64(long bits) {
        return Double.longBitsToDouble(bits);
    }

    static long bits(float x) {
        return Float.isNaN(x) ? 0x7fffffffL : Float.floatToRawIntBits(x) & 0xffffffffL;
    }

    static long bits(double x) {
        return Double.isNaN(x) ? 0x7fffffffffffffffL : Double.doubleToRawLongBits(x);
    }

    static Definition define(Opcode op, PtxType type) {
        boolean flush = op.take("ftz");
        boolean saturate = op.take("sat");
        Definition definition =
                switch (type) {
                    case F32 -> single(op);
                    case F64 -> wide(op);
                    default -> throw op.unknown();
                };
        LaneFunction function = definition.function();
        if (saturate && type == PtxType.F32) {
            LaneFunction unbounded = function;
            function = (a, b, c, d) -> saturate(unbounded.apply(a, b, c, d));
        }
        if (flush && type == PtxType.F32) {
            LaneFunction full = function;
            function = (a, b, c, d) -> flush(full.apply(flush(a), flush(b), flush(c), d));
        }
        if (type == PtxType.F64 && (flush || saturate)) {
            throw new Opcode.Refusal("f64 has no .ftz and no .sat");
        }
        return new Definition(definition.result(), definition.operands(), function);
    }

    private static Definition single(Opcode op) {
        PtxType f32 = PtxType.F32;
        return switch (op.base) {
            case "add", "sub", "mul", "fma", "mad" -> rounded(op);
            case "div" -> {
                op.takeRequired("rn", "approx", "full");
                yield Definition.same(f32, 2, (a, b, c, d) -> bits(f32(a) / f32(b)));
            }
            case "rcp" -> {
                op.takeRequired("rn", "approx");
                yield Definition.same(f32, 1, (a, b, c, d) -> bits(1 / f32(a)));
            }
            case "sqrt" -> {
                op.takeRequired("rn", "approx");
                yield Definition.same(f32, 1, (a, b, c, d) -> bits((float) Math.sqrt(f32(a))));
            }
            case "rsqrt" -> approximate(op, (a, b, c, d) -> bits((float) (1 / Math.sqrt(f32(a)))));
            case "ex2" -> approximate(op, (a, b, c, d) -> bits((float) Math.pow(2, f32(a))));
            case "lg2" -> approximate(op, (a, b, c, d) -> bits((float) (Math.log(f32(a)) / LN_2)));
            case "sin" -> approximate(op, (a, b, c, d) -> bits((float) Math.sin(f32(a))));
            case "cos" -> approximate(op, (a, b, c, d) -> bits((float) Math.cos(f32(a))));
            case "tanh" -> approximate(op, (a, b, c, d) -> bits((float) Math.tanh(f32(a))));
            case "min", "max" -> extremum(op);
            case "abs" -> Definition.same(f32, 1, (a, b, c, d) -> a & 0x7fffffffL);
            case "neg" -> Definition.same(f32, 1, (a, b, c, d) -> a ^ 0x80000000L);
            case "copysign" ->
                    Definition.same(f32, 2, (a, b, c, d) -> (a & 0x80000000L) | (b & 0x7fffffffL));
            default -> throw op.unknown();
        };
    }

    private static Definition approximate(Opcode op, LaneFunction function) {
        op.takeRequired("approx");
        return Definition.same(PtxType.F32, 1, function);
    }

    private static Definition rounded(Opcode op) {
        boolean fused = op.base.equals("fma") || op.base.equals("mad");
        String mode = op.takeOneOf("rn", "rz", "rm", "rp");
        if (fused && mode.isEmpty()) {
            throw new Opcode.Refusal(op.text + " needs one of .rn .rz .rm .rp");
        }
        boolean nearest = mode.isEmpty() || mode.equals("rn");
        LaneFunction function =
                switch (op.base) {
                    case "add" ->
                            nearest
                                    ? (a, b, c, d) -> bits(f32(a) + f32(b))
                                    : (a, b, c, d) -> bits(directed(f32(a), 1, f32(b), mode));
                    case "sub" ->
                            nearest
                                    ? (a, b, c, d) -> bits(f32(a) - f32(b))
                                    : (a, b, c, d) -> bits(directed(f32(a), 1, -f32(b), mode));
                    case "mul" ->
                            nearest
                                    ? (a, b, c, d) -> bits(f32(a) * f32(b))
                                    : (a, b, c, d) -> bits(towards(product(a, b), 0, mode));
                    default ->
                            nearest
                                    ? (a, b, c, d) -> bits(Math.fma(f32(a), f32(b), f32(c)))
                                    : (a, b, c, d) -> bits(directed(f32(a), f32(b), f32(c), mode));
                };
        return Definition.same(PtxType.F32, fused ? 3 : 2, function);
    }

    private static double product(long a, long b) {
        return (double) f32(a) * f32(b);
    }

    /// `x * y + z` rounded once in the direction. The product of two floats is exact in double; the
    /// sum's error, which two more sums find (Knuth's TwoSum), says on which side the truth lies.
    private static float directed(float x, float y, float z, String mode) {
        double product = (double) x * y;
        double sum = product + z;
        boolean opposite =
                Double.doubleToRawLongBits(product) < 0 != Float.floatToRawIntBits(z) < 0;
        if (sum == 0 && opposite && mode.equals("rm")) {
            return -0f;
        }
        double back = sum - product;
        double error = (product - (sum - back)) + (z - back);
        return towards(sum, Double.isNaN(error) ? 0 : error, mode);
    }

    /// The float next to `value + error` in the direction; the error is below half a unit of value.
    private static float towards(double value, double error, String mode) {
        float nearest = (float) value;
        double excess = nearest - value;
        double above = excess != 0 ? excess : -error;
        boolean down = mode.equals("rm") || (mode.equals("rz") && value > 0);
        if (Double.isInfinite(value) || Double.isNaN(value)) {
            return nearest;
        }
        if (down) {
            return above > 0 ? Math.nextDown(nearest) : nearest;
        }
        return above < 0 ? Math.nextUp(nearest) : nearest;
    }

    /// Of a number and a NaN the number, unless `.NaN` asks for the NaN; -0 is below +0.
    private static Definition extremum(Opcode op) {
        boolean max = op.base.equals("max");
        boolean keepsNan = op.take("NaN");
        return Definition.same(
                PtxType.F32,
                2,
                (a, b, c, d) -> {
                    float x = f32(a);
                    float y = f32(b);
                    if (!keepsNan && (Float.isNaN(x) || Float.isNaN(y))) {
                        return bits(Float.isNaN(x) ? y : x);
                    }
                    return bits(max ? Math.max(x, y) : Math.min(x, y));
                });
    }

    private static Definition wide(Opcode op) {
        PtxType f64 = PtxType.F64;
        return switch (op.base) {
            case "add" -> nearest(op, 2, (a, b, c, d) -> bits(f64(a) + f64(b)));
            case "sub" -> nearest(op, 2, (a, b, c, d) -> bits(f64(a) - f64(b)));
            case "mul" -> nearest(op, 2, (a, b, c, d) -> bits(f64(a) * f64(b)));
            case "fma", "mad" ->
                    nearest(op, 3, (a, b, c, d) -> bits(Math.fma(f64(a), f64(b), f64(c))));
            case "div" -> nearest(op, 2, (a, b, c, d) -> bits(f64(a) / f64(b)));
            case "rcp" -> nearest(op, 1, (a, b, c, d) -> bits(1 / f64(a)));
            case "sqrt" -> nearest(op, 1, (a, b, c, d) -> bits(Math.sqrt(f64(a))));
            case "min", "max" -> {
                boolean max = op.base.equals("max");
                yield Definition.same(
                        f64,
                        2,
                        (a, b, c, d) -> {
                            double x = f64(a);
                            double y = f64(b);
                            if (Double.isNaN(x) || Double.isNaN(y)) {
                                return bits(Double.isNaN(x) ? y : x);
                            }
                            return bits(max ? Math.max(x, y) : Math.min(x, y));
                        });
            }
            case "abs" -> Definition.same(f64, 1, (a, b, c, d) -> a & Long.MAX_VALUE);
            case "neg" -> Definition.same(f64, 1, (a, b, c, d) -> a ^ Long.MIN_VALUE);
            case "copysign" ->
                    Definition.same(
                            f64, 2, (a, b, c, d) -> (a & Long.MIN_VALUE) | (b & Long.MAX_VALUE));
            default -> throw op.unknown();
        };
    }

    /// An operation of f64; of the roundings only the nearest is simulated.
    private static Definition nearest(Opcode op, int operands, LaneFunction function) {
        op.take("rn");
        return Definition.same(PtxType.F64, operands, function);
    }

    /// A subnormal f32 becomes a zero of its sign.
    static long flush(long bits) {
        return (bits & 0x7f800000L) == 0 ? bits & 0x80000000L : bits;
    }

    /// Into [0, 1]; NaN becomes 0.
    static long saturate(long bits) {
        float x = f32(bits);
        return x > 0 ? bits(Math.min(x, 1)) : 0;
    }
}
