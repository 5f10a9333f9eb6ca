package athanor.kernels.cuda.simulator;

import java.util.Locale;
import java.util.Optional;

/// The fundamental types of PTX. A register holds a value of `bits` bits, the bits above it zero;
/// a predicate is 0 or 1.
public enum PtxType {
    U8(8, Kind.UNSIGNED),
    U16(16, Kind.UNSIGNED),
    U32(32, Kind.UNSIGNED),
    U64(64, Kind.UNSIGNED),
    S8(8, Kind.SIGNED),
    S16(16, Kind.SIGNED),
    S32(32, Kind.SIGNED),
    S64(64, Kind.SIGNED),
    B8(8, Kind.BITS),
    B16(16, Kind.BITS),
    B32(32, Kind.BITS),
    B64(64, Kind.BITS),
    F16(16, Kind.FLOAT),
    F32(32, Kind.FLOAT),
    F64(64, Kind.FLOAT),
    PRED(1, Kind.PREDICATE);

    enum Kind {
        UNSIGNED,
        SIGNED,
        BITS,
        FLOAT,
        PREDICATE
    }

    final int bits;
    final Kind kind;

    PtxType(int bits, Kind kind) {
        this.bits = bits;
        this.kind = kind;
    }

    /// The type of that name as it stands in PTX, without the dot.
    static Optional<PtxType> of(String name) {
        for (PtxType type : values()) {
            if (type.toString().equals(name)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    public int bytes() {
        return (bits + 7) / 8;
    }

    boolean isFloat() {
        return kind == Kind.FLOAT;
    }

    boolean isSigned() {
        return kind == Kind.SIGNED;
    }

    boolean isInteger() {
        return kind == Kind.SIGNED || kind == Kind.UNSIGNED;
    }

    /// The value's low bits, the bits above them zero.
    long truncate(long value) {
        return value << (64 - bits) >>> (64 - bits);
    }

    /// The low bits as a number: of a signed type with its sign, of any other without.
    long extend(long value) {
        return kind == Kind.SIGNED ? value << (64 - bits) >> (64 - bits) : truncate(value);
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
