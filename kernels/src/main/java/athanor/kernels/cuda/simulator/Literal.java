package athanor.kernels.cuda.simulator;

/// Numbers as they are written in PTX.
final class Literal {
    private Literal() {}

    /// The register bits of the number for that type: `0fXXXXXXXX` and `0dXXXXXXXXXXXXXXXX` are the
    /// bits of a float and a double, `1.5` is a double, all else an integer, which a float
    /// type does not take.
    static long of(String text, PtxType type) {
        boolean negative = text.startsWith("-");
        String digits = negative ? text.substring(1) : text;
        try {
            if (digits.matches("0[fFdD].*") || digits.contains(".")) {
                return real(digits, negative, type);
            }
            if (type == PtxType.F32 || type == PtxType.F64) {
                throw new Opcode.Refusal(text + " is an integer where " + type + " is needed");
            }
            String plain = digits.endsWith("U") ? digits.substring(0, digits.length() - 1) : digits;
            long value =
                    plain.matches("0[xX].*")
                            ? Long.parseUnsignedLong(plain.substring(2), 16)
                            : plain.matches("0[0-7]+")
                                    ? Long.parseUnsignedLong(plain, 8)
                                    : Long.parseUnsignedLong(plain);
            return type.truncate(negative ? -value : value);
        } catch (NumberFormatException e) {
            throw new Opcode.Refusal(text + " is no number");
        }
    }

    private static long real(String digits, boolean negative, PtxType type) {
        double value;
        if (digits.matches("0[fF].*")) {
            long bits = Long.parseUnsignedLong(digits.substring(2), 16);
            if (type.bits == 32 && !negative) {
                return bits;
            }
            value = FloatOperations.f32(bits);
        } else if (digits.matches("0[dD].*")) {
            long bits = Long.parseUnsignedLong(digits.substring(2), 16);
            if (type.bits == 64 && !negative) {
                return bits;
            }
            value = FloatOperations.f64(bits);
        } else {
            value = Double.parseDouble(digits);
        }
        double signed = negative ? -value : value;
        return switch (type) {
            case F32, B32 -> FloatOperations.bits((float) signed);
            case F64, B64 -> FloatOperations.bits(signed);
            default ->
                    throw new Opcode.Refusal(
                            digits + " is a real number where " + type + " is needed");
        };
    }
}
