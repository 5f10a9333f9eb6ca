package athanor.kernels.cuda.simulator;

import static athanor.kernels.cuda.simulator.Operation.Definition.same;

import athanor.kernels.cuda.simulator.Operation.Definition;
import java.util.List;
import java.util.function.LongBinaryOperator;

/// Arithmetic, logic and bit fields of the integer and bit types and of predicates. Operands are
/// extended to 64 bits by their type, results cut to theirs.
final class IntegerOperations {
    private IntegerOperations() {}

    static Definition define(Opcode op, PtxType t) {
        return switch (op.base) {
            case "add", "sub", "mul", "mad", "div", "rem", "min", "max", "abs", "neg", "sad" -> {
                if (!t.isInteger() || t.bits == 8) {
                    throw op.unknown();
                }
                yield arithmetic(op, t);
            }
            case "mul24", "mad24" -> throw op.unknown();
            default -> bitwise(op, t);
        };
    }

    private static Definition arithmetic(Opcode op, PtxType t) {
        return switch (op.base) {
            case "add" -> {
                if (op.take("sat")) {
                    checkS32(op, t);
                    yield same(t, 2, (a, b, c, d) -> clamp(t.extend(a) + t.extend(b)));
                }
                yield same(t, 2, (a, b, c, d) -> t.truncate(a + b));
            }
            case "sub" -> {
                if (op.take("sat")) {
                    checkS32(op, t);
                    yield same(t, 2, (a, b, c, d) -> clamp(t.extend(a) - t.extend(b)));
                }
                yield same(t, 2, (a, b, c, d) -> t.truncate(a - b));
            }
            case "mul", "mad" -> multiply(op, t);
            case "div" -> same(t, 2, (a, b, c, d) -> t.truncate(divide(t, a, b)));
            case "rem" ->
                    same(
                            t,
                            2,
                            (a, b, c, d) ->
                                    t.truncate(t.extend(a) - divide(t, a, b) * t.extend(b)));
            case "min" -> same(t, 2, (a, b, c, d) -> compare(t, a, b) <= 0 ? a : b);
            case "max" -> same(t, 2, (a, b, c, d) -> compare(t, a, b) >= 0 ? a : b);
            case "sad" ->
                    same(
                            t,
                            3,
                            (a, b, c, d) -> t.truncate(c + (compare(t, a, b) < 0 ? b - a : a - b)));
            case "abs" -> signed(op, t, (a, b, c, d) -> t.truncate(Math.abs(t.extend(a))));
            default -> signed(op, t, (a, b, c, d) -> t.truncate(-a));
        };
    }

    private static void checkS32(Opcode op, PtxType t) {
        if (t != PtxType.S32) {
            throw op.unknown();
        }
    }

    private static long clamp(long sum) {
        return Math.clamp(sum, Integer.MIN_VALUE, Integer.MAX_VALUE) & 0xffffffffL;
    }

    private static Definition signed(Opcode op, PtxType t, LaneFunction function) {
        if (!t.isSigned()) {
            throw op.unknown();
        }
        return same(t, 1, function);
    }

    private static Definition multiply(Opcode op, PtxType t) {
        boolean add = op.base.equals("mad");
        String part = op.takeRequired("lo", "hi", "wide");
        if (part.equals("wide")) {
            if (t.bits == 64) {
                throw op.unknown();
            }
            PtxType wide = twice(t);
            return new Definition(
                    wide,
                    add ? List.of(t, t, wide) : List.of(t, t),
                    add
                            ? (a, b, c, d) -> wide.truncate(t.extend(a) * t.extend(b) + c)
                            : (a, b, c, d) -> wide.truncate(t.extend(a) * t.extend(b)));
        }
        LongBinaryOperator product =
                part.equals("lo")
                        ? (a, b) -> a * b
                        : t.bits < 64
                                ? (a, b) -> (t.extend(a) * t.extend(b)) >> t.bits
                                : t.isSigned() ? Math::multiplyHigh : Math::unsignedMultiplyHigh;
        return add
                ? same(t, 3, (a, b, c, d) -> t.truncate(product.applyAsLong(a, b) + c))
                : same(t, 2, (a, b, c, d) -> t.truncate(product.applyAsLong(a, b)));
    }

    private static PtxType twice(PtxType t) {
        return switch (t) {
            case S16 -> PtxType.S32;
            case U16 -> PtxType.U32;
            case S32 -> PtxType.S64;
            default -> PtxType.U64;
        };
    }

    /// The quotient; of a division by zero, which the ISA leaves open, all ones.
    private static long divide(PtxType t, long a, long b) {
        long x = t.extend(a);
        long y = t.extend(b);
        if (y == 0) {
            return -1;
        }
        return t == PtxType.U64 ? Long.divideUnsigned(x, y) : x / y;
    }

    static int compare(PtxType t, long a, long b) {
        return t.isSigned()
                ? Long.compare(t.extend(a), t.extend(b))
                : Long.compareUnsigned(t.truncate(a), t.truncate(b));
    }

    private static Definition bitwise(Opcode op, PtxType t) {
        PtxType u32 = PtxType.U32;
        boolean bits = t.kind == PtxType.Kind.BITS && t.bits >= 16;
        boolean logic = bits || t == PtxType.PRED;
        boolean word = t == PtxType.B32 || t == PtxType.B64;
        boolean number = t.isInteger() && t.bits >= 32;
        return switch (op.base) {
            case "and" -> when(logic, op, same(t, 2, (a, b, c, d) -> a & b));
            case "or" -> when(logic, op, same(t, 2, (a, b, c, d) -> a | b));
            case "xor" -> when(logic, op, same(t, 2, (a, b, c, d) -> a ^ b));
            case "not" -> when(logic, op, same(t, 1, (a, b, c, d) -> t.truncate(~a)));
            case "cnot" -> when(bits, op, same(t, 1, (a, b, c, d) -> a == 0 ? 1 : 0));
            case "shl" ->
                    when(
                            bits,
                            op,
                            new Definition(
                                    t,
                                    List.of(t, u32),
                                    (a, b, c, d) -> b >= t.bits ? 0 : t.truncate(a << b)));
            case "shr" ->
                    when(
                            t.bits >= 16 && t != PtxType.PRED,
                            op,
                            new Definition(
                                    t,
                                    List.of(t, u32),
                                    t.isSigned()
                                            ? (a, b, c, d) ->
                                                    t.truncate(t.extend(a) >> Math.min(b, 63))
                                            : (a, b, c, d) -> b < 64 ? t.truncate(a) >>> b : 0));
            case "popc" ->
                    when(
                            word,
                            op,
                            new Definition(u32, List.of(t), (a, b, c, d) -> Long.bitCount(a)));
            case "clz" ->
                    when(
                            word,
                            op,
                            new Definition(
                                    u32,
                                    List.of(t),
                                    (a, b, c, d) -> Long.numberOfLeadingZeros(a) - (64 - t.bits)));
            case "brev" ->
                    when(word, op, same(t, 1, (a, b, c, d) -> Long.reverse(a) >>> (64 - t.bits)));
            case "bfind" -> {
                boolean shift = op.take("shiftamt");
                yield when(
                        number,
                        op,
                        new Definition(u32, List.of(t), (a, b, c, d) -> leadingBit(t, a, shift)));
            }
            case "bfe" ->
                    when(
                            number,
                            op,
                            new Definition(
                                    t,
                                    List.of(t, u32, u32),
                                    (a, b, c, d) -> extract(t, a, (int) b & 255, (int) c & 255)));
            case "bfi" ->
                    when(
                            word,
                            op,
                            new Definition(
                                    t,
                                    List.of(t, t, u32, u32),
                                    (a, b, c, d) -> insert(t, a, b, (int) c & 255, (int) d & 255)));
            case "lop3" ->
                    when(
                            t == PtxType.B32,
                            op,
                            new Definition(t, List.of(t, t, t, u32), IntegerOperations::lookUp));
            case "prmt" -> when(t == PtxType.B32, op, same(t, 3, IntegerOperations::permute));
            case "shf" -> {
                boolean left = op.takeRequired("l", "r").equals("l");
                boolean wrap = op.takeRequired("wrap", "clamp").equals("wrap");
                yield when(
                        t == PtxType.B32,
                        op,
                        new Definition(
                                t,
                                List.of(t, t, u32),
                                (a, b, c, d) -> {
                                    int by = (int) (wrap ? c & 31 : Math.min(c, 32));
                                    long both = b << 32 | a;
                                    return by == 0
                                            ? (left ? b : a)
                                            : t.truncate(both >>> (left ? 32 - by : by));
                                }));
            }
            default -> throw op.unknown();
        };
    }

    private static Definition when(boolean known, Opcode op, Definition definition) {
        if (!known) {
            throw op.unknown();
        }
        return definition;
    }

    /// The place of the highest bit that differs from the sign, or all ones where there is none.
    private static long leadingBit(PtxType t, long a, boolean shift) {
        long x = t.extend(a);
        long bits = t.isSigned() && x < 0 ? ~x : x;
        if (bits == 0) {
            return 0xffffffffL;
        }
        int place = 63 - Long.numberOfLeadingZeros(bits);
        return shift ? t.bits - 1 - place : place;
    }

    private static long extract(PtxType t, long a, int from, int length) {
        int top = Math.min(from + length - 1, t.bits - 1);
        long sign = t.isSigned() && length > 0 ? a >>> Math.min(top, t.bits - 1) & 1 : 0;
        long field = from >= 64 ? 0 : t.truncate(a) >>> from;
        int kept = Math.clamp(t.bits - from, 0, length);
        long mask = kept >= 64 ? -1 : (1L << kept) - 1;
        return t.truncate((field & mask) | (sign != 0 ? ~mask : 0));
    }

    private static long insert(PtxType t, long a, long b, int from, int length) {
        if (from >= t.bits || length == 0) {
            return b;
        }
        long mask = (length >= 64 ? -1 : (1L << length) - 1) << from;
        return t.truncate((a << from & mask) | (b & ~mask));
    }

    /// Bit i of the result is the bit of the table that bits i of a, b and c point at.
    private static long lookUp(long a, long b, long c, long table) {
        long result = 0;
        for (int row = 0; row < 8; row++) {
            long hit = ((row & 4) != 0 ? a : ~a) & ((row & 2) != 0 ? b : ~b);
            result |= hit & ((row & 1) != 0 ? c : ~c) & -(table >> row & 1);
        }
        return result & 0xffffffffL;
    }

    /// Each digit of c picks one of the eight bytes of b:a, or spreads that byte's sign.
    private static long permute(long a, long b, long c, long unused) {
        long both = b << 32 | a;
        long result = 0;
        for (int i = 0; i < 4; i++) {
            int pick = (int) (c >> (4 * i)) & 15;
            long value = both >>> (8 * (pick & 7)) & 255;
            result |= (pick < 8 ? value : (value & 128) != 0 ? 255 : 0) << (8 * i);
        }
        return result;
    }
}
