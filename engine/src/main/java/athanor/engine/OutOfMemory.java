package athanor.engine;

/// A backend has no room for a buffer.
public final class OutOfMemory extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final long asked;
    private final long live;

    public OutOfMemory(long asked, long live, Throwable cause) {
        super(
                "out of memory: %,d MB asked for with %,d MB in use; use a smaller batch or a larger heap (-Xmx)"
                        .formatted(asked >> 20, live >> 20),
                cause);
        this.asked = asked;
        this.live = live;
    }

    /// Bytes that were asked for.
    public long asked() {
        return asked;
    }

    /// Bytes that were in use.
    public long live() {
        return live;
    }
}
