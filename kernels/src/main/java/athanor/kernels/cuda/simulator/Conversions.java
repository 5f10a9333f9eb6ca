package athanor.kernels.cuda.simulator;

import static athanor.kernels.cuda.simulator.FloatOperations.bits;
import static athanor.kernels.cuda.simulator.FloatOperations.f32;

import athanor.kernels.cuda.simulator.Operation.Definition;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongToDoubleFunction;

/// `cvt`: between the types, rounded to the nearest, and to whole numbers in any direction.
final class Conversions {
    private static final double TWO_63 = 0x1p63;

    private Conversions() {}

    static Definition define(Opcode op) {
        PtxType to = op.type(0, 2);
        PtxType from = op.type(1, 2);
        boolean flush = op.take("ftz");
        boolean saturate = op.take("sat");
        if (!isNumber(to) || !isNumber(from)) {
            throw op.unknown();
        }
        LaneFunction function;
        if (from.isFloat()) {
            function = to.isFloat() ? floatToFloat(op, to, from) : floatToInteger(op, to, from);
        } else {
            function = to.isFloat() ? integerToFloat(op, to, from) : integers(to, from, saturate);
        }
        if (saturate && to.isFloat()) {
            if (to != PtxType.F32) {
                throw op.unknown();
            }
            LaneFunction unbounded = function;
            function = (a, b, c, d) -> FloatOperations.saturate(unbounded.apply(a, b, c, d));
        }
        if (flush) {
            boolean flushOut = to == PtxType.F32;
            boolean flushIn = from == PtxType.F32;
            LaneFunction full = function;
            function =
                    (a, b, c, d) -> {
                        long y = full.apply(flushIn ? FloatOperations.flush(a) : a, b, c, d);
                        return flushOut ? FloatOperations.flush(y) : y;
                    };
        }
        return new Definition(to, List.of(from), function);
    }

    private static boolean isNumber(PtxType type) {
        return type.isInteger() || type.isFloat();
    }

    /// The double of that value; every f16 and f32 is one.
    private static LongToDoubleFunction toDouble(PtxType from) {
        return switch (from) {
            case F16 -> a -> Float.float16ToFloat((short) a);
            case F32 -> a -> f32(a);
            default -> FloatOperations::f64;
        };
    }

    private static DoubleUnaryOperator rounding(String mode) {
        return switch (mode) {
            case "rni" -> Math::rint;
            case "rzi" -> x -> x < 0 ? Math.ceil(x) : Math.floor(x);
            case "rmi" -> Math::floor;
            default -> Math::ceil;
        };
    }

    private static LaneFunction floatToFloat(Opcode op, PtxType to, PtxType from) {
        LongToDoubleFunction read = toDouble(from);
        if (to == from) {
            String mode = op.takeOneOf("rni", "rzi", "rmi", "rpi");
            if (to == PtxType.F16) {
                throw op.unknown();
            }
            if (mode.isEmpty()) {
                return (a, b, c, d) -> a;
            }
            DoubleUnaryOperator round = rounding(mode);
            return to == PtxType.F32
                    ? (a, b, c, d) -> bits((float) round.applyAsDouble(read.applyAsDouble(a)))
                    : (a, b, c, d) -> bits(round.applyAsDouble(read.applyAsDouble(a)));
        }
        if (to.bits < from.bits) {
            op.takeRequired("rn");
        }
        return switch (to) {
            case F64 -> (a, b, c, d) -> bits(read.applyAsDouble(a));
            case F32 -> (a, b, c, d) -> bits((float) read.applyAsDouble(a));
            default -> {
                // Through a float it would be rounded twice.
                if (from == PtxType.F64) {
                    throw op.unknown();
                }
                yield (a, b, c, d) -> half(f32(a));
            }
        };
    }

    private static long half(float x) {
        return Float.isNaN(x) ? 0x7fff : Float.floatToFloat16(x) & 0xffff;
    }

    /// NaN becomes 0; what lies beyond the integer type becomes its nearest end.
    private static LaneFunction floatToInteger(Opcode op, PtxType to, PtxType from) {
        DoubleUnaryOperator round = rounding(op.takeRequired("rni", "rzi", "rmi", "rpi"));
        LongToDoubleFunction read = toDouble(from);
        if (to == PtxType.U64) {
            return (a, b, c, d) -> unsigned(round.applyAsDouble(read.applyAsDouble(a)));
        }
        long least = to.isSigned() ? -1L << (to.bits - 1) : 0;
        long most = (1L << (to.isSigned() ? to.bits - 1 : to.bits)) - 1;
        return (a, b, c, d) ->
                to.truncate(
                        Math.clamp((long) round.applyAsDouble(read.applyAsDouble(a)), least, most));
    }

    private static long unsigned(double x) {
        return x >= TWO_63 ? (long) (x - TWO_63) + Long.MIN_VALUE : Math.max(0, (long) x);
    }

    private static LaneFunction integerToFloat(Opcode op, PtxType to, PtxType from) {
        op.takeRequired("rn");
        if (to == PtxType.F16) {
            // A float holds every integer of 16 bits; a wider one would be rounded twice.
            if (from.bits > 16) {
                throw op.unknown();
            }
            return (a, b, c, d) -> half((float) from.extend(a));
        }
        if (from == PtxType.U64) {
            // Half the number, its lost bit kept for the rounding, times two.
            return to == PtxType.F32
                    ? (a, b, c, d) -> bits(a >= 0 ? (float) a : (float) (a >>> 1 | (a & 1)) * 2)
                    : (a, b, c, d) -> bits(a >= 0 ? (double) a : (double) (a >>> 1 | (a & 1)) * 2);
        }
        return to == PtxType.F32
                ? (a, b, c, d) -> bits((float) from.extend(a))
                : (a, b, c, d) -> bits((double) from.extend(a));
    }

    private static LaneFunction integers(PtxType to, PtxType from, boolean saturate) {
        if (!saturate) {
            return (a, b, c, d) -> to.truncate(from.extend(a));
        }
        long least = to.isSigned() ? -1L << (to.bits - 1) : 0;
        long most = to.isSigned() ? ~least : to.truncate(-1);
        return (a, b, c, d) -> {
            long x = from.extend(a);
            boolean huge = from == PtxType.U64 && x < 0;
            if (to == PtxType.U64) {
                return huge ? x : Math.max(x, 0);
            }
            return to.truncate(huge ? most : Math.clamp(x, least, most));
        };
    }
}
