package athanor.engine;

/// What the elements of a tensor are.
public enum DType {
    FLOAT32(4),
    FLOAT64(8),
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
        return this == FLOAT32 || this == FLOAT64;
    }
}
