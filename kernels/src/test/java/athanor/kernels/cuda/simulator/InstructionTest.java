package athanor.kernels.cuda.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Each instruction against its definition in the PTX ISA, written once more in exact numbers.
class InstructionTest {
    /// The definition: the result's bits from the operands' bits.
    record Case(
            String opcode,
            PtxType result,
            List<PtxType> operands,
            String tail,
            Function<long[], Long> definition) {
        @Override
        public String toString() {
            return opcode + tail;
        }
    }

    @ParameterizedTest
    @MethodSource({"integers", "bits", "comparisons", "floats", "conversions"})
    void follows_its_definition(Case instruction) {
        long[][] operands = InstructionTable.combinations(instruction.operands());
        long[] found =
                InstructionTable.run(
                        instruction.opcode(),
                        instruction.result(),
                        instruction.operands(),
                        instruction.tail(),
                        operands);
        for (int i = 0; i < operands.length; i++) {
            long wanted = instruction.definition().apply(operands[i]);
            if (found[i] != wanted) {
                assertThat(Long.toHexString(found[i]))
                        .as("%s of %s", instruction, hex(operands[i]))
                        .isEqualTo(Long.toHexString(wanted));
            }
        }
    }

    private static String hex(long[] values) {
        return Arrays.stream(values).mapToObj(Long::toHexString).toList().toString();
    }

    private static final List<PtxType> NUMBERS =
            List.of(PtxType.U16, PtxType.S16, PtxType.U32, PtxType.S32, PtxType.U64, PtxType.S64);

    private static BigInteger number(PtxType type, long bits) {
        BigInteger value = new BigInteger(Long.toUnsignedString(bits));
        boolean negative = type.isSigned() && value.testBit(type.bits - 1);
        return negative ? value.subtract(BigInteger.ONE.shiftLeft(type.bits)) : value;
    }

    private static long cut(PtxType type, BigInteger value) {
        return value.mod(BigInteger.ONE.shiftLeft(type.bits)).longValue();
    }

    private static BigInteger limit(PtxType type, BigInteger value) {
        int bits = type.isSigned() ? type.bits - 1 : type.bits;
        BigInteger most = BigInteger.ONE.shiftLeft(bits).subtract(BigInteger.ONE);
        return value.min(most).max(type.isSigned() ? most.not() : BigInteger.ZERO);
    }

    private static Case two(String name, PtxType t, BinaryOperator<BigInteger> definition) {
        return new Case(
                name + "." + t,
                t,
                List.of(t, t),
                "",
                x -> cut(t, definition.apply(number(t, x[0]), number(t, x[1]))));
    }

    static Stream<Case> integers() {
        List<Case> cases = new ArrayList<>();
        for (PtxType t : NUMBERS) {
            BigInteger ones = BigInteger.ONE.negate();
            cases.add(two("add", t, BigInteger::add));
            cases.add(two("sub", t, BigInteger::subtract));
            cases.add(two("mul.lo", t, BigInteger::multiply));
            cases.add(two("mul.hi", t, (a, b) -> a.multiply(b).shiftRight(t.bits)));
            cases.add(two("min", t, BigInteger::min));
            cases.add(two("max", t, BigInteger::max));
            cases.add(two("div", t, (a, b) -> b.signum() == 0 ? ones : a.divide(b)));
            cases.add(two("rem", t, (a, b) -> b.signum() == 0 ? a : a.remainder(b)));
            cases.add(
                    new Case(
                            "mad.lo." + t,
                            t,
                            List.of(t, t, t),
                            "",
                            x ->
                                    cut(
                                            t,
                                            number(t, x[0])
                                                    .multiply(number(t, x[1]))
                                                    .add(number(t, x[2])))));
            if (t.isSigned()) {
                cases.add(one("abs", t, BigInteger::abs));
                cases.add(one("neg", t, BigInteger::negate));
            }
            if (t.bits < 64) {
                PtxType wide = PtxType.of((t.isSigned() ? "s" : "u") + 2 * t.bits).orElseThrow();
                cases.add(
                        new Case(
                                "mul.wide." + t,
                                wide,
                                List.of(t, t),
                                "",
                                x -> cut(wide, number(t, x[0]).multiply(number(t, x[1])))));
                cases.add(
                        new Case(
                                "mad.wide." + t,
                                wide,
                                List.of(t, t, wide),
                                "",
                                x ->
                                        cut(
                                                wide,
                                                number(t, x[0])
                                                        .multiply(number(t, x[1]))
                                                        .add(number(wide, x[2])))));
            }
        }
        PtxType s32 = PtxType.S32;
        cases.add(two("add.sat", s32, (a, b) -> limit(s32, a.add(b))));
        cases.add(two("sub.sat", s32, (a, b) -> limit(s32, a.subtract(b))));
        return cases.stream();
    }

    private static Case one(String name, PtxType t, Function<BigInteger, BigInteger> definition) {
        return new Case(
                name + "." + t, t, List.of(t), "", x -> cut(t, definition.apply(number(t, x[0]))));
    }

    static Stream<Case> bits() {
        List<Case> cases = new ArrayList<>();
        PtxType u32 = PtxType.U32;
        for (PtxType t : List.of(PtxType.B16, PtxType.B32, PtxType.B64, PtxType.PRED)) {
            cases.add(two("and", t, BigInteger::and));
            cases.add(two("or", t, BigInteger::or));
            cases.add(two("xor", t, BigInteger::xor));
            cases.add(one("not", t, BigInteger::not));
        }
        for (PtxType t : List.of(PtxType.B16, PtxType.B32, PtxType.B64)) {
            cases.add(
                    new Case(
                            "shl." + t,
                            t,
                            List.of(t, u32),
                            "",
                            x ->
                                    x[1] >= t.bits
                                            ? 0
                                            : cut(t, number(t, x[0]).shiftLeft((int) x[1]))));
        }
        for (PtxType t : NUMBERS) {
            cases.add(
                    new Case(
                            "shr." + t,
                            t,
                            List.of(t, u32),
                            "",
                            x -> cut(t, number(t, x[0]).shiftRight((int) Math.min(x[1], 64)))));
        }
        for (PtxType t : List.of(PtxType.B32, PtxType.B64)) {
            cases.add(count("popc", t, x -> x.bitCount()));
            cases.add(count("clz", t, x -> t.bits - x.bitLength()));
            cases.add(
                    one(
                            "brev",
                            t,
                            x ->
                                    new BigInteger(
                                            new StringBuilder(
                                                            ("0".repeat(t.bits) + x.toString(2))
                                                                    .substring(
                                                                            x.toString(2).length()))
                                                    .reverse()
                                                    .toString(),
                                            2)));
        }
        for (PtxType t : List.of(PtxType.U32, PtxType.S32, PtxType.U64, PtxType.S64)) {
            cases.add(count("bfind", t, x -> (x.signum() < 0 ? x.not() : x).bitLength() - 1));
            cases.add(
                    new Case(
                            "bfe." + t,
                            t,
                            List.of(t, u32),
                            ", 9",
                            x -> field(t, x[0], (int) x[1] & 255, 9)));
            PtxType b = PtxType.of("b" + t.bits).orElseThrow();
            cases.add(
                    new Case(
                            "bfi." + b,
                            b,
                            List.of(b, b, u32),
                            ", 12",
                            x -> inserted(b, x[0], x[1], (int) x[2] & 255, 12)));
        }
        PtxType b32 = PtxType.B32;
        cases.add(
                new Case(
                        "lop3.b32",
                        b32,
                        List.of(b32, b32, b32),
                        ", 0xE2",
                        x -> (x[1] & x[0]) | (x[2] & ~x[1])));
        cases.add(
                new Case(
                        "prmt.b32",
                        b32,
                        List.of(b32, b32),
                        ", 0x5C17",
                        x -> permuted(x[0], x[1], new int[] {7, 1, 12, 5})));
        for (boolean wrap : new boolean[] {false, true}) {
            for (boolean left : new boolean[] {false, true}) {
                cases.add(
                        new Case(
                                "shf." + (left ? "l" : "r") + (wrap ? ".wrap" : ".clamp") + ".b32",
                                b32,
                                List.of(b32, b32, u32),
                                "",
                                x -> funnel(x, left, wrap)));
            }
        }
        return cases.stream();
    }

    private static Case count(String name, PtxType t, Function<BigInteger, Integer> definition) {
        return new Case(
                name + "." + t,
                PtxType.U32,
                List.of(t),
                "",
                x -> definition.apply(number(t, x[0])) & 0xffffffffL);
    }

    private static long field(PtxType t, long a, int from, int length) {
        int top = Math.min(from + length - 1, t.bits - 1);
        BigInteger value = number(t, a);
        BigInteger result = BigInteger.ZERO;
        for (int i = 0; i < t.bits; i++) {
            boolean bit =
                    (i < length && from + i < t.bits)
                            ? value.testBit(from + i)
                            : (t.isSigned() && value.testBit(top));
            result = bit ? result.setBit(i) : result;
        }
        return cut(t, result);
    }

    private static long inserted(PtxType t, long a, long b, int from, int length) {
        BigInteger result = number(t, b);
        for (int i = 0; i < length && from + i < t.bits; i++) {
            result = number(t, a).testBit(i) ? result.setBit(from + i) : result.clearBit(from + i);
        }
        return cut(t, result);
    }

    private static long permuted(long a, long b, int[] picks) {
        long result = 0;
        for (int i = 0; i < 4; i++) {
            int pick = picks[i] & 7;
            long value = (pick < 4 ? a >> (8 * pick) : b >> (8 * (pick - 4))) & 255;
            long kept = picks[i] < 8 ? value : value >= 128 ? 255 : 0;
            result |= kept << (8 * i);
        }
        return result;
    }

    private static long funnel(long[] x, boolean left, boolean wrap) {
        int by = (int) (wrap ? x[2] & 31 : Math.min(x[2], 32));
        BigInteger both = BigInteger.valueOf(x[1]).shiftLeft(32).or(BigInteger.valueOf(x[0]));
        BigInteger shifted = left ? both.shiftLeft(by).shiftRight(32) : both.shiftRight(by);
        return cut(PtxType.B32, shifted);
    }

    static Stream<Case> comparisons() {
        List<Case> cases = new ArrayList<>();
        PtxType pred = PtxType.PRED;
        for (PtxType t : NUMBERS) {
            for (String name : List.of("eq", "ne", "lt", "le", "gt", "ge")) {
                cases.add(
                        new Case(
                                "setp." + name + "." + t,
                                pred,
                                List.of(t, t),
                                "",
                                x ->
                                        truth(
                                                holds(
                                                        name,
                                                        number(t, x[0])
                                                                .compareTo(number(t, x[1]))))));
            }
        }
        for (PtxType t : List.of(PtxType.F32, PtxType.F64)) {
            for (String name : List.of("eq", "ne", "lt", "le", "gt", "ge")) {
                for (String unordered : List.of("", "u")) {
                    cases.add(
                            new Case(
                                    "setp." + name + unordered + "." + t,
                                    pred,
                                    List.of(t, t),
                                    "",
                                    x -> truth(floatHolds(name, !unordered.isEmpty(), t, x))));
                }
            }
            cases.add(
                    new Case(
                            "setp.num." + t,
                            pred,
                            List.of(t, t),
                            "",
                            x -> truth(!isNan(t, x[0]) && !isNan(t, x[1]))));
            cases.add(
                    new Case(
                            "setp.nan." + t,
                            pred,
                            List.of(t, t),
                            "",
                            x -> truth(isNan(t, x[0]) || isNan(t, x[1]))));
            cases.add(
                    new Case(
                            "testp.finite." + t,
                            pred,
                            List.of(t),
                            "",
                            x -> truth(Double.isFinite(real(t, x[0])))));
            cases.add(
                    new Case(
                            "testp.subnormal." + t,
                            pred,
                            List.of(t),
                            "",
                            x ->
                                    truth(
                                            real(t, x[0]) != 0
                                                    && Math.abs(real(t, x[0]))
                                                            < (t == PtxType.F32
                                                                    ? Float.MIN_NORMAL
                                                                    : Double.MIN_NORMAL))));
        }
        PtxType s32 = PtxType.S32;
        for (String with : List.of("and", "or", "xor")) {
            cases.add(
                    new Case(
                            "setp.lt." + with + ".s32",
                            pred,
                            List.of(s32, s32, pred),
                            "",
                            x -> {
                                long less = (int) x[0] < (int) x[1] ? 1 : 0;
                                return switch (with) {
                                    case "and" -> less & x[2];
                                    case "or" -> less | x[2];
                                    default -> less ^ x[2];
                                };
                            }));
        }
        cases.add(
                new Case(
                        "set.gt.u32.s32",
                        PtxType.U32,
                        List.of(s32, s32),
                        "",
                        x -> (int) x[0] > (int) x[1] ? 0xffffffffL : 0));
        for (PtxType t : List.of(PtxType.B16, PtxType.F32, PtxType.S64)) {
            cases.add(
                    new Case(
                            "selp." + t, t, List.of(t, t, pred), "", x -> x[2] == 1 ? x[0] : x[1]));
        }
        return cases.stream();
    }

    private static long truth(boolean value) {
        return value ? 1 : 0;
    }

    private static boolean holds(String name, int order) {
        return switch (name) {
            case "eq" -> order == 0;
            case "ne" -> order != 0;
            case "lt" -> order < 0;
            case "le" -> order <= 0;
            case "gt" -> order > 0;
            default -> order >= 0;
        };
    }

    private static boolean floatHolds(String name, boolean unordered, PtxType t, long[] x) {
        if (isNan(t, x[0]) || isNan(t, x[1])) {
            return unordered;
        }
        double a = real(t, x[0]) + 0.0;
        double b = real(t, x[1]) + 0.0;
        return holds(name, Double.compare(a, b));
    }

    private static double real(PtxType t, long bits) {
        return switch (t) {
            case F16 -> Float.float16ToFloat((short) bits);
            case F32 -> Float.intBitsToFloat((int) bits);
            default -> Double.longBitsToDouble(bits);
        };
    }

    private static boolean isNan(PtxType t, long bits) {
        return Double.isNaN(real(t, bits));
    }

    private static long f32(double value) {
        return Double.isNaN(value)
                ? 0x7fffffffL
                : Float.floatToIntBits((float) value) & 0xffffffffL;
    }

    private static long f64(double value) {
        return Double.isNaN(value) ? 0x7fffffffffffffffL : Double.doubleToLongBits(value);
    }

    private static double f(long bits) {
        return real(PtxType.F32, bits);
    }

    private static double d(long bits) {
        return real(PtxType.F64, bits);
    }

    static Stream<Case> floats() {
        PtxType f32 = PtxType.F32;
        PtxType f64 = PtxType.F64;
        List<PtxType> one = List.of(f32);
        List<PtxType> two = List.of(f32, f32);
        List<PtxType> three = List.of(f32, f32, f32);
        List<PtxType> two64 = List.of(f64, f64);
        List<Case> cases = new ArrayList<>();
        for (String rounding : List.of("", ".rn")) {
            cases.add(
                    new Case("add" + rounding + ".f32", f32, two, "", x -> f32(f(x[0]) + f(x[1]))));
            cases.add(
                    new Case(
                            "mul" + rounding + ".f64",
                            f64,
                            two64,
                            "",
                            x -> f64(d(x[0]) * d(x[1]))));
        }
        cases.add(new Case("sub.f32", f32, two, "", x -> f32(f(x[0]) - f(x[1]))));
        cases.add(new Case("mul.f32", f32, two, "", x -> f32(f(x[0]) * f(x[1]))));
        cases.add(
                new Case(
                        "mul.ftz.f32",
                        f32,
                        two,
                        "",
                        x -> flush(f32(f(flush(x[0])) * f(flush(x[1]))))));
        cases.add(
                new Case(
                        "add.sat.f32",
                        f32,
                        two,
                        "",
                        x -> {
                            double sum = f(x[0]) + f(x[1]);
                            return f32(sum > 0 ? Math.min(sum, 1) : 0);
                        }));
        cases.add(new Case("div.rn.f32", f32, two, "", x -> f32(f(x[0]) / f(x[1]))));
        cases.add(new Case("div.full.f32", f32, two, "", x -> f32(f(x[0]) / f(x[1]))));
        cases.add(
                new Case("rcp.approx.ftz.f32", f32, one, "", x -> flush(f32(1 / f(flush(x[0]))))));
        cases.add(new Case("sqrt.rn.f32", f32, one, "", x -> f32(Math.sqrt(f(x[0])))));
        cases.add(new Case("rsqrt.approx.f32", f32, one, "", x -> f32(1 / Math.sqrt(f(x[0])))));
        cases.add(new Case("ex2.approx.f32", f32, one, "", x -> f32(Math.pow(2, f(x[0])))));
        cases.add(
                new Case(
                        "lg2.approx.f32", f32, one, "", x -> f32(Math.log(f(x[0])) / Math.log(2))));
        cases.add(new Case("sin.approx.f32", f32, one, "", x -> f32(Math.sin(f(x[0])))));
        cases.add(new Case("cos.approx.f32", f32, one, "", x -> f32(Math.cos(f(x[0])))));
        cases.add(new Case("tanh.approx.f32", f32, one, "", x -> f32(Math.tanh(f(x[0])))));
        cases.add(new Case("abs.f32", f32, one, "", x -> x[0] & 0x7fffffffL));
        cases.add(new Case("neg.f32", f32, one, "", x -> x[0] ^ 0x80000000L));
        cases.add(
                new Case(
                        "copysign.f32",
                        f32,
                        two,
                        "",
                        x -> (x[0] & 0x80000000L) | (x[1] & 0x7fffffffL)));
        for (boolean max : new boolean[] {false, true}) {
            cases.add(
                    new Case(
                            max ? "max.f32" : "min.f32",
                            f32,
                            two,
                            "",
                            x -> f32(extremum(f(x[0]), f(x[1]), max))));
            cases.add(
                    new Case(
                            max ? "max.f64" : "min.f64",
                            f64,
                            two64,
                            "",
                            x -> f64(extremum(d(x[0]), d(x[1]), max))));
        }
        for (String mode : List.of("rn", "rz", "rm", "rp")) {
            cases.add(
                    new Case(
                            "fma." + mode + ".f32",
                            f32,
                            three,
                            "",
                            x -> fused(f(x[0]), f(x[1]), f(x[2]), mode)));
            cases.add(
                    new Case(
                            "add." + mode + ".f32",
                            f32,
                            two,
                            "",
                            x -> fused(f(x[0]), 1, f(x[1]), mode)));
        }
        cases.add(new Case("add.f64", f64, two64, "", x -> f64(d(x[0]) + d(x[1]))));
        cases.add(new Case("sub.f64", f64, two64, "", x -> f64(d(x[0]) - d(x[1]))));
        cases.add(new Case("div.rn.f64", f64, two64, "", x -> f64(d(x[0]) / d(x[1]))));
        cases.add(new Case("sqrt.rn.f64", f64, List.of(f64), "", x -> f64(Math.sqrt(d(x[0])))));
        return cases.stream();
    }

    private static long flush(long bits) {
        return Math.abs(f(bits)) < Float.MIN_NORMAL ? bits & 0x80000000L : bits;
    }

    private static double extremum(double a, double b, boolean max) {
        if (Double.isNaN(a) || Double.isNaN(b)) {
            return Double.isNaN(a) ? b : a;
        }
        boolean first = Double.compare(a, b) > 0 == max;
        return first ? a : b;
    }

    /// By exact arithmetic, then the neighbour on the wanted side.
    private static long fused(double a, double b, double c, String mode) {
        double rough = a * b + c;
        if (!Double.isFinite(a * b) || !Double.isFinite(c)) {
            return f32(rough);
        }
        BigDecimal exact = new BigDecimal(a).multiply(new BigDecimal(b)).add(new BigDecimal(c));
        if (exact.signum() == 0) {
            boolean negative = Math.copySign(1, a * b) < 0;
            boolean same = negative == Math.copySign(1, c) < 0;
            return f32((same ? negative : mode.equals("rm")) ? -0.0 : 0.0);
        }
        float nearest = exact.floatValue();
        boolean down = mode.equals("rm") || (mode.equals("rz") && exact.signum() > 0);
        boolean up = mode.equals("rp") || (mode.equals("rz") && exact.signum() < 0);
        if (nearest == 0 && exact.signum() < 0) {
            nearest = -0f;
        }
        int side =
                Float.isInfinite(nearest)
                        ? (int) Math.signum(nearest)
                        : new BigDecimal(nearest).compareTo(exact);
        if (down && side > 0) {
            nearest = Math.nextDown(nearest);
        } else if (up && side < 0) {
            nearest = Math.nextUp(nearest);
        }
        return f32(nearest);
    }

    static Stream<Case> conversions() {
        List<Case> cases = new ArrayList<>();
        for (PtxType to : NUMBERS) {
            for (PtxType from : NUMBERS) {
                cases.add(
                        new Case(
                                "cvt." + to + "." + from,
                                to,
                                List.of(from),
                                "",
                                x -> cut(to, number(from, x[0]))));
                cases.add(
                        new Case(
                                "cvt.sat." + to + "." + from,
                                to,
                                List.of(from),
                                "",
                                x -> cut(to, limit(to, number(from, x[0])))));
            }
        }
        for (PtxType from : List.of(PtxType.F16, PtxType.F32, PtxType.F64)) {
            for (PtxType to : NUMBERS) {
                for (String mode : List.of("rni", "rzi", "rmi", "rpi")) {
                    cases.add(
                            new Case(
                                    "cvt." + mode + "." + to + "." + from,
                                    to,
                                    List.of(from),
                                    "",
                                    x -> whole(to, real(from, x[0]), mode)));
                }
            }
        }
        for (PtxType from : NUMBERS) {
            cases.add(
                    new Case(
                            "cvt.rn.f32." + from,
                            PtxType.F32,
                            List.of(from),
                            "",
                            x -> f32(new BigDecimal(number(from, x[0])).floatValue())));
            cases.add(
                    new Case(
                            "cvt.rn.f64." + from,
                            PtxType.F64,
                            List.of(from),
                            "",
                            x -> f64(new BigDecimal(number(from, x[0])).doubleValue())));
        }
        PtxType f16 = PtxType.F16;
        cases.add(
                new Case("cvt.f32.f16", PtxType.F32, List.of(f16), "", x -> f32(real(f16, x[0]))));
        cases.add(
                new Case("cvt.f64.f32", PtxType.F64, List.of(PtxType.F32), "", x -> f64(f(x[0]))));
        cases.add(
                new Case(
                        "cvt.rn.f32.f64",
                        PtxType.F32,
                        List.of(PtxType.F64),
                        "",
                        x -> f32(d(x[0]))));
        cases.add(
                new Case(
                        "cvt.rn.f16.f32",
                        f16,
                        List.of(PtxType.F32),
                        "",
                        x ->
                                Double.isNaN(f(x[0]))
                                        ? 0x7fff
                                        : Float.floatToFloat16((float) f(x[0])) & 0xffffL));
        cases.add(
                new Case(
                        "cvt.rni.f32.f32",
                        PtxType.F32,
                        List.of(PtxType.F32),
                        "",
                        x -> f32(Math.rint(f(x[0])))));
        cases.add(
                new Case(
                        "cvt.sat.f32.f32",
                        PtxType.F32,
                        List.of(PtxType.F32),
                        "",
                        x -> f32(f(x[0]) > 0 ? Math.min(f(x[0]), 1) : 0)));
        return cases.stream();
    }

    private static long whole(PtxType to, double x, String mode) {
        if (Double.isNaN(x)) {
            return 0;
        }
        if (Double.isInfinite(x)) {
            BigInteger huge = BigInteger.ONE.shiftLeft(100);
            return cut(to, limit(to, x > 0 ? huge : huge.negate()));
        }
        RoundingMode rounding =
                switch (mode) {
                    case "rni" -> RoundingMode.HALF_EVEN;
                    case "rzi" -> RoundingMode.DOWN;
                    case "rmi" -> RoundingMode.FLOOR;
                    default -> RoundingMode.CEILING;
                };
        return cut(to, limit(to, new BigDecimal(x).setScale(0, rounding).toBigInteger()));
    }
}
