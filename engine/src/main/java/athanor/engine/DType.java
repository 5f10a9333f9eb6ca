package athanor.engine;

/// What the elements of a tensor are. Those of 16 bits are storage for mixed precision: arithmetic
/// reads them as FLOAT32 and rounds its results to the nearest, of two as near to the even one;
/// see [athanor.kernels.elementwise.HalfPrecision] and [Widening].
public enum DType {
    FLOAT32(4),
    FLOAT64(8),
    FLOAT16(2),
    BFLOAT16(2),
    INT32(4),
    UINT8(1);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /// Bytes of one element.
    public int bytes() {
        return bytes;
    }

    /// Whether gradients can flow through it.
    public boolean isFloating() {
        return this != INT32 && this != UINT8;
    }

    public boolean is16Bits() {
        return this == FLOAT16 || this == BFLOAT16;
    }

    /// The type that sums of its elements, and statistics made of them, are kept in.
    public DType ofSums() {
        return is16Bits() ? FLOAT32 : this;
    }
}
