package athanor.kernels.cuda;

import athanor.kernels.cuda.Driver.Event;
import athanor.kernels.cuda.Driver.MemoryInfo;
import athanor.kernels.cuda.Driver.Stream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Device memory that is used again and again: the driver's own allocation waits for the device and
/// takes longer than a kernel.
///
/// Sizes are rounded up to classes, 8 for each power of two, so that at most an eighth is unused.
/// What is released goes to a list of its class and **stream**, and may be handed out for that
/// stream at once, while the last kernel that used it is still to run: the new one comes behind it
/// in the same stream. Another stream gets it only when there is nothing else, and is made to wait.
public final class DevicePool implements AutoCloseable {
    private static final long SMALLEST = 512;
    private static final int CLASSES = 8;
    private static final int REPORTED = 5;

    /// Bytes: handed out now and at most, and taken from the driver.
    public record Usage(long live, long peak, long reserved) {}

    private record Block(long address, long bytes, Stream stream, String what) {}

    private final Driver driver;
    private final Event event;
    private final Map<Long, Block> live = new HashMap<>();
    private final Map<Stream, TreeMap<Long, Deque<Block>>> cached = new HashMap<>();
    private long liveBytes;
    private long peakBytes;
    private long reservedBytes;

    public DevicePool(Driver driver) {
        this.driver = driver;
        this.event = driver.createEvent(false);
    }

    /// Memory of arbitrary content for work of the stream, at a multiple of 256; 0 bytes are
    /// possible.
    ///
    /// @param what it is for, as it stands in the message when memory runs out
    /// @throws CudaError with status `CUDA_ERROR_OUT_OF_MEMORY`, and what is live
    public long allocate(long bytes, Stream stream, String what) {
        if (bytes < 0) {
            throw new IllegalArgumentException("%s: %d bytes".formatted(what, bytes));
        }
        long size = sizeClass(bytes);
        Block block = take(size, stream, what);
        live.put(block.address(), block);
        liveBytes += size;
        peakBytes = Math.max(peakBytes, liveBytes);
        return block.address();
    }

    /// Gives an address back that [#allocate] returned, once. The memory may be used again as soon
    /// as the stream is through with the work it was given before this call.
    ///
    /// @param last stream whose work used the memory last
    public void release(long address, Stream last) {
        Block block = live.get(address);
        if (block == null) {
            throw new IllegalArgumentException(
                    "address %#x is not live in this pool: released already, or a place inside"
                            .formatted(address));
        }
        if (!last.equals(block.stream())) {
            order(last, block.stream());
        }
        live.remove(address);
        liveBytes -= block.bytes();
        cached.computeIfAbsent(block.stream(), stream -> new TreeMap<>())
                .computeIfAbsent(block.bytes(), size -> new ArrayDeque<>())
                .push(block);
    }

    public Usage usage() {
        return new Usage(liveBytes, peakBytes, reservedBytes);
    }

    /// Gives the driver back what is not live.
    public void trim() {
        for (TreeMap<Long, Deque<Block>> classes : cached.values()) {
            for (Deque<Block> blocks : classes.values()) {
                while (!blocks.isEmpty()) {
                    driver.free(blocks.peek().address());
                    reservedBytes -= blocks.pop().bytes();
                }
            }
        }
        cached.clear();
    }

    /// Gives back everything, live or not.
    @Override
    public void close() {
        trim();
        live.keySet().forEach(driver::free);
        live.clear();
        reservedBytes -= liveBytes;
        liveBytes = 0;
        driver.destroy(event);
    }

    /// The smallest class that holds this many bytes.
    static long sizeClass(long bytes) {
        if (bytes <= SMALLEST) {
            return SMALLEST;
        }
        long step = Math.max(SMALLEST / 2, Long.highestOneBit(bytes - 1) / CLASSES);
        return (bytes + step - 1) / step * step;
    }

    private Block take(long size, Stream stream, String what) {
        Deque<Block> own = list(stream, size);
        if (!own.isEmpty()) {
            return new Block(own.pop().address(), size, stream, what);
        }
        try {
            return reserve(size, stream, what);
        } catch (CudaError e) {
            if (!e.status().equals(CudaError.OUT_OF_MEMORY)) {
                throw e;
            }
        }
        for (Stream other : List.copyOf(cached.keySet())) {
            Deque<Block> blocks = list(other, size);
            if (!blocks.isEmpty()) {
                order(other, stream);
                return new Block(blocks.pop().address(), size, stream, what);
            }
        }
        trim();
        try {
            return reserve(size, stream, what);
        } catch (CudaError e) {
            throw e.status().equals(CudaError.OUT_OF_MEMORY) ? exhausted(size, what) : e;
        }
    }

    private Deque<Block> list(Stream stream, long size) {
        TreeMap<Long, Deque<Block>> classes = cached.get(stream);
        Deque<Block> blocks = classes == null ? null : classes.get(size);
        return blocks == null ? new ArrayDeque<>() : blocks;
    }

    private Block reserve(long size, Stream stream, String what) {
        long address = driver.allocate(size);
        reservedBytes += size;
        return new Block(address, size, stream, what);
    }

    /// What `second` is given from now on comes after what `first` was given so far.
    private void order(Stream first, Stream second) {
        driver.record(event, first);
        driver.await(event, second);
    }

    private CudaError exhausted(long size, String what) {
        MemoryInfo memory = driver.memory();
        Map<String, List<Block>> uses =
                live.values().stream().collect(Collectors.groupingBy(Block::what));
        Comparator<Map.Entry<String, List<Block>>> most =
                Comparator.comparingLong(use -> -bytes(use.getValue()));
        List<String> parts = new ArrayList<>();
        uses.entrySet().stream()
                .sorted(most.thenComparing(Map.Entry::getKey))
                .limit(REPORTED)
                .forEach(
                        use ->
                                parts.add(
                                        "%s %s in %d"
                                                .formatted(
                                                        use.getKey(),
                                                        megabytes(bytes(use.getValue())),
                                                        use.getValue().size())));
        if (uses.size() > REPORTED) {
            parts.add("%d others".formatted(uses.size() - REPORTED));
        }
        return new CudaError(
                "cuMemAlloc",
                "%s for %s".formatted(megabytes(size), what),
                CudaError.OUT_OF_MEMORY,
                "%s are in use (%s), the GPU has %s of %s left; use a smaller --batch-size, or --amp bf16"
                        .formatted(
                                megabytes(liveBytes),
                                String.join(", ", parts),
                                megabytes(memory.free()),
                                megabytes(memory.total())));
    }

    private static long bytes(List<Block> blocks) {
        return blocks.stream().mapToLong(Block::bytes).sum();
    }

    private static String megabytes(long bytes) {
        return "%.1f MB".formatted(bytes / 1e6);
    }
}
