package athanor.nn.onnx;

import athanor.engine.DType;
import java.util.Arrays;
import java.util.Optional;

/// What the elements of a value are: `TensorProto.DataType`. Computed with are floating numbers as
/// double and all others as long, rounded to the type after every operation.
enum ElementType {
    FLOAT(1, 4),
    UINT8(2, 1),
    INT8(3, 1),
    UINT16(4, 2),
    INT16(5, 2),
    INT32(6, 4),
    INT64(7, 8),
    BOOL(9, 1),
    FLOAT16(10, 2),
    DOUBLE(11, 8),
    UINT32(12, 4),
    UINT64(13, 8),
    BFLOAT16(16, 2);

    final int code;
    final int bytes;

    ElementType(int code, int bytes) {
        this.code = code;
        this.bytes = bytes;
    }

    static ElementType of(long code) {
        return Arrays.stream(values())
                .filter(type -> type.code == code)
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "elements of type "
                                                + (code == 8 ? "string" : "number " + code)
                                                + "; read are numbers and bool"));
    }

    boolean isFloating() {
        return this == FLOAT || this == DOUBLE || this == FLOAT16 || this == BFLOAT16;
    }

    boolean isUnsigned() {
        return this == UINT8 || this == UINT16 || this == UINT32 || this == UINT64;
    }

    /// What the engine calls it, if it computes with it.
    Optional<DType> engineType() {
        return switch (this) {
            case FLOAT -> Optional.of(DType.FLOAT32);
            case DOUBLE -> Optional.of(DType.FLOAT64);
            default -> Optional.empty();
        };
    }

    double round(double value) {
        return switch (this) {
            case FLOAT -> (float) value;
            case FLOAT16 -> Float.float16ToFloat(Float.floatToFloat16((float) value));
            case BFLOAT16 -> Float.intBitsToFloat(bfloat16((float) value) << 16);
            default -> value;
        };
    }

    /// To the nearest, of two equally near the even one.
    static int bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        return Float.isNaN(value)
                ? (bits >>> 16) | 0x40
                : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
    }

    long wrap(long value) {
        return switch (this) {
            case UINT8 -> value & 0xff;
            case INT8 -> (byte) value;
            case UINT16 -> value & 0xffff;
            case INT16 -> (short) value;
            case INT32 -> (int) value;
            case UINT32 -> value & 0xffff_ffffL;
            case BOOL -> value == 0 ? 0 : 1;
            default -> value;
        };
    }

    /// The nearest value there is: for quantization.
    long saturate(double value) {
        int bits = 8 * bytes;
        double low = isUnsigned() ? 0 : -Math.scalb(1.0, bits - 1);
        double high = Math.scalb(1.0, isUnsigned() ? bits : bits - 1) - 1;
        return (long) Math.clamp(Math.rint(value), low, high);
    }
}
