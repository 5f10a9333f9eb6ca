package athanor.engine;

import it.unimi.dsi.fastutil.ints.Int2ObjectRBTreeMap;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.Map;

/// The memory of a backend: buffers that were given back are handed out again, so that a training
/// loop allocates in its first step alone. Counts the bytes in use and the most there have been.
public final class Memory {
    /// A free buffer may be this much larger than what was asked for; not one of 16 bits, which
    /// [Widening] converts whole.
    private static final double WASTE = 1.125;

    private final Backend backend;
    private final Map<DType, Int2ObjectRBTreeMap<ArrayDeque<Buffer>>> free =
            new EnumMap<>(DType.class);
    private long live;
    private long peak;
    private long pooled;

    public Memory(Backend backend) {
        this.backend = backend;
    }

    /// A buffer of at least that many elements, with any contents.
    public synchronized Buffer take(DType dtype, int length) {
        Buffer buffer = reuse(dtype, length);
        live += bytes(buffer);
        peak = Math.max(peak, live);
        return buffer;
    }

    /// Gives a taken buffer back.
    public synchronized void give(Buffer buffer) {
        live -= bytes(buffer);
        pooled += bytes(buffer);
        sizes(buffer.dtype())
                .computeIfAbsent(buffer.length(), _ -> new ArrayDeque<>())
                .push(buffer);
    }

    /// Bytes in use.
    public synchronized long live() {
        return live;
    }

    /// The most bytes that were in use since the last [#resetPeak].
    public synchronized long peak() {
        return peak;
    }

    public synchronized void resetPeak() {
        peak = live;
    }

    /// Bytes kept for the next use.
    public synchronized long pooled() {
        return pooled;
    }

    /// Lets go of the buffers that nothing uses.
    public synchronized void trim() {
        free.values().stream()
                .flatMap(sizes -> sizes.values().stream())
                .forEach(buffers -> buffers.forEach(backend::free));
        free.values().forEach(Map::clear);
        pooled = 0;
    }

    private Int2ObjectRBTreeMap<ArrayDeque<Buffer>> sizes(DType dtype) {
        return free.computeIfAbsent(dtype, _ -> new Int2ObjectRBTreeMap<>());
    }

    private Buffer reuse(DType dtype, int length) {
        Int2ObjectRBTreeMap<ArrayDeque<Buffer>> sizes = sizes(dtype);
        var fitting = sizes.tailMap(length);
        double most = dtype.is16Bits() ? length : length * WASTE + 64;
        if (!fitting.isEmpty() && fitting.firstIntKey() <= most) {
            int size = fitting.firstIntKey();
            ArrayDeque<Buffer> buffers = sizes.get(size);
            Buffer buffer = buffers.pop();
            if (buffers.isEmpty()) {
                sizes.remove(size);
            }
            pooled -= bytes(buffer);
            return buffer;
        }
        try {
            return backend.allocate(dtype, length);
        } catch (OutOfMemoryError e) {
            trim();
            return retry(dtype, length, e);
        }
    }

    private Buffer retry(DType dtype, int length, OutOfMemoryError first) {
        try {
            return backend.allocate(dtype, length);
        } catch (OutOfMemoryError e) {
            throw new OutOfMemory((long) length * dtype.bytes(), live, first);
        }
    }

    private static long bytes(Buffer buffer) {
        return (long) buffer.length() * buffer.dtype().bytes();
    }
}
