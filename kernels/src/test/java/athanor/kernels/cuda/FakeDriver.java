package athanor.kernels.cuda;

import athanor.kernels.cuda.simulator.DeviceAccess;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A device whose streams do nothing until someone waits for them: what is used too early shows.
/// Fresh memory is NaN. Without kernels.
public class FakeDriver implements Driver, DeviceAccess {
    private static final class Pinned implements PinnedMemory {
        private final MemorySegment segment;
        private int uploads;
        private int downloads;

        Pinned(long bytes) {
            segment = Arena.ofAuto().allocate(bytes, 64);
        }

        @Override
        public long bytes() {
            return segment.byteSize();
        }

        @Override
        public MemorySegment forReading() {
            if (downloads > 0) {
                throw new IllegalStateException("read before a download into it is done");
            }
            return segment;
        }

        @Override
        public MemorySegment forWriting() {
            if (uploads + downloads > 0) {
                throw new IllegalStateException("written before a copy is done");
            }
            return segment;
        }
    }

    private static final class Mark {
        private @Nullable Stream stream;
        private boolean done = true;
    }

    private final long capacity;
    private final TreeMap<Long, byte[]> memory = new TreeMap<>();
    private final Map<Stream, Deque<Runnable>> streams = new HashMap<>();
    private final Map<Event, Mark> events = new HashMap<>();
    private final Set<PinnedMemory> pinned = new HashSet<>();
    private long next = 0x10000;
    private long handles;
    private long used;
    int allocations;
    /// First number of the compute capability.
    public int major = 7;

    public FakeDriver(long capacity) {
        this.capacity = capacity;
    }

    int live() {
        return memory.size() + events.size() + pinned.size();
    }

    private Deque<Runnable> work(Stream stream) {
        Deque<Runnable> work = streams.get(stream);
        if (work == null) {
            throw new IllegalArgumentException("foreign " + stream);
        }
        return work;
    }

    private Mark mark(Event event) {
        Mark mark = events.get(event);
        if (mark == null) {
            throw new IllegalArgumentException("foreign " + event);
        }
        return mark;
    }

    /// The bytes at an address as a segment, all of which must be inside one allocation.
    public MemorySegment at(long address, long bytes) {
        Map.Entry<Long, byte[]> entry = memory.floorEntry(address);
        if (entry == null || address + bytes > entry.getKey() + entry.getValue().length) {
            throw new IllegalStateException("%#x is not allocated".formatted(address));
        }
        return MemorySegment.ofArray(entry.getValue()).asSlice(address - entry.getKey(), bytes);
    }

    @Override
    public DeviceInfo device() {
        return new DeviceInfo("fake", major, 0, 1, 49152, capacity);
    }

    @Override
    public void submit(Stream stream, String name, Runnable work) {
        work(stream).add(work);
    }

    @Override
    public byte[] read(long address, long count) {
        return at(address, count).toArray(ValueLayout.JAVA_BYTE);
    }

    @Override
    public void write(long address, byte[] bytes) {
        at(address, bytes.length).copyFrom(MemorySegment.ofArray(bytes));
    }

    @Override
    public void require(long address, long count, String what) {
        Map.Entry<Long, byte[]> entry = memory.floorEntry(address);
        if (entry == null || address + count > entry.getKey() + entry.getValue().length) {
            throw new CudaError(
                    what, "%d bytes".formatted(count), "CUDA_ERROR_INVALID_VALUE", "not allocated");
        }
    }

    @Override
    public MemoryInfo memory() {
        return new MemoryInfo(capacity - used, capacity);
    }

    @Override
    public long allocate(long bytes) {
        if (used + bytes > capacity) {
            throw new CudaError("cuMemAlloc", bytes + " bytes", CudaError.OUT_OF_MEMORY);
        }
        allocations++;
        used += bytes;
        long address = next;
        next += (bytes + 511) / 256 * 256;
        byte[] fresh = new byte[(int) bytes];
        Arrays.fill(fresh, (byte) -1);
        memory.put(address, fresh);
        return address;
    }

    @Override
    public void free(long address) {
        synchronize();
        byte[] bytes = memory.remove(address);
        if (bytes == null) {
            throw new IllegalArgumentException("%#x was not allocated".formatted(address));
        }
        used -= bytes.length;
    }

    @Override
    public PinnedMemory allocatePinned(long bytes) {
        PinnedMemory memory = new Pinned(bytes);
        pinned.add(memory);
        return memory;
    }

    @Override
    public void freePinned(PinnedMemory memory) {
        if (!pinned.remove(memory)) {
            throw new IllegalArgumentException("foreign pinned memory");
        }
    }

    @Override
    public Stream createStream() {
        Stream stream = new Stream(++handles);
        streams.put(stream, new ArrayDeque<>());
        return stream;
    }

    @Override
    public void destroy(Stream stream) {
        synchronize(stream);
        streams.remove(stream);
    }

    @Override
    public Event createEvent(boolean timed) {
        Event event = new Event(++handles);
        events.put(event, new Mark());
        return event;
    }

    @Override
    public void destroy(Event event) {
        mark(event);
        events.remove(event);
    }

    @Override
    public void record(Event event, Stream stream) {
        mark(event);
        Mark mark = new Mark();
        mark.stream = stream;
        mark.done = false;
        events.put(event, mark);
        work(stream).add(() -> mark.done = true);
    }

    @Override
    public void await(Event event, Stream stream) {
        Mark mark = mark(event);
        work(stream).add(() -> finish(mark));
    }

    private void finish(Mark mark) {
        while (!mark.done && mark.stream != null) {
            work(mark.stream).remove().run();
        }
    }

    @Override
    public boolean isDone(Event event) {
        return mark(event).done;
    }

    @Override
    public void synchronize(Event event) {
        finish(mark(event));
    }

    @Override
    public void synchronize(Stream stream) {
        Deque<Runnable> work = work(stream);
        while (!work.isEmpty()) {
            work.remove().run();
        }
    }

    @Override
    public void synchronize() {
        streams.keySet().forEach(this::synchronize);
    }

    @Override
    public float elapsedMilliseconds(Event start, Event end) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void upload(long to, PinnedMemory from, long fromOffset, long bytes, Stream stream) {
        Pinned source = (Pinned) from;
        source.uploads++;
        work(stream)
                .add(
                        () -> {
                            source.uploads--;
                            at(to, bytes).copyFrom(source.segment.asSlice(fromOffset, bytes));
                        });
    }

    @Override
    public void download(PinnedMemory to, long toOffset, long from, long bytes, Stream stream) {
        Pinned target = (Pinned) to;
        target.downloads++;
        work(stream)
                .add(
                        () -> {
                            target.downloads--;
                            target.segment.asSlice(toOffset, bytes).copyFrom(at(from, bytes));
                        });
    }

    @Override
    public void copy(long to, long from, long bytes, Stream stream) {
        work(stream).add(() -> at(to, bytes).copyFrom(at(from, bytes)));
    }

    /// Every byte gets the word's lowest byte.
    @Override
    public void fill(long address, int word, long words, Stream stream) {
        work(stream).add(() -> at(address, words * Integer.BYTES).fill((byte) word));
    }

    @Override
    public PtxModule load(String ptx) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void unload(PtxModule module) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Kernel kernel(PtxModule module, String name) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void launch(
            Kernel kernel,
            Grid grid,
            Grid block,
            int sharedBytes,
            Stream stream,
            Arguments arguments) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void beginCapture(Stream stream) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Graph endCapture(Stream stream) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void launch(Graph graph, Stream stream) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void destroy(Graph graph) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
