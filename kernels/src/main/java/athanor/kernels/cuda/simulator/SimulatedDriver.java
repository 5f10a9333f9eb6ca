package athanor.kernels.cuda.simulator;

import athanor.kernels.cuda.Arguments;
import athanor.kernels.cuda.CudaError;
import athanor.kernels.cuda.DeviceInfo;
import athanor.kernels.cuda.Driver;
import athanor.kernels.cuda.Grid;
import athanor.kernels.cuda.PinnedMemory;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// A GPU that is none: kernels run in a [Simulator]. Work is done late and, where no stream and no
/// event orders it, in an order that the seed chooses; so what forgets to wait is found:
///
/// * memory of the host that is looked at before the copy was waited for,
/// * allocation, release and waiting while a stream is captured,
/// * kernels that break a rule: the [KernelFault] is the cause of the [CudaError], which every
///   later call repeats.
public final class SimulatedDriver implements Driver, DeviceAccess {
    static final String DOWNLOAD = "cuMemcpyDtoHAsync";
    private static final String INVALID = "CUDA_ERROR_INVALID_VALUE";
    private static final int SHARED_BYTES = 48 << 10;

    /// Few, so that grids sized by their number stay small.
    private static final int MULTIPROCESSORS = 4;

    /// What the stream's next work comes after, and the capture it takes part in.
    private static final class Queue {
        List<Work> last = List.of();
        Optional<Capture> capture = Optional.empty();
        List<Work> beforeCapture = List.of();
    }

    private static final class Mark {
        final boolean timed;
        List<Work> last = List.of();
        Optional<Capture> capture = Optional.empty();
        long nanoseconds;

        Mark(boolean timed) {
            this.timed = timed;
        }
    }

    /// Work that is noted, and the streams that take part.
    private static final class Capture {
        final List<Work> works = new ArrayList<>();
        final Set<Queue> streams = new HashSet<>();
    }

    /// A captured graph, and what its last launch ended with.
    private static final class Plan {
        final List<Work> works;
        List<Work> last = List.of();

        Plan(List<Work> works) {
            this.works = works;
        }
    }

    private record Loaded(athanor.kernels.cuda.simulator.Kernel kernel, long module) {}

    private final DeviceInfo info;
    private final DeviceMemory memory;
    private final Simulator simulator;
    private final WorkQueue queue;
    private final Map<Long, Queue> streams = new HashMap<>();
    private final Map<Long, Mark> events = new HashMap<>();
    private final Map<Long, athanor.kernels.cuda.simulator.PtxModule> modules = new HashMap<>();
    private final Map<Long, Loaded> kernels = new HashMap<>();
    private final Map<Long, Plan> graphs = new HashMap<>();
    private final Set<PinnedMemory> pinned = new HashSet<>();
    private final Map<String, KernelStatistics> statistics = new TreeMap<>();
    private Optional<Capture> capturing = Optional.empty();
    private Optional<CudaError> failure = Optional.empty();
    private long lastHandle;
    private boolean closed;

    /// A GPU with so many bytes of memory, which does unordered work in an order of the seed.
    public SimulatedDriver(long memoryBytes, long seed) {
        info = new DeviceInfo("simulated GPU", 8, 0, MULTIPROCESSORS, SHARED_BYTES, memoryBytes);
        memory = new DeviceMemory(memoryBytes);
        simulator = new Simulator(memory);
        queue = new WorkQueue(seed);
    }

    /// Runs the kernels: for a [Trace], and to switch counting off.
    public Simulator simulator() {
        return simulator;
    }

    /// What kernels did so far, by their names.
    public Map<String, KernelStatistics> statistics() {
        return new LinkedHashMap<>(statistics);
    }

    @Override
    public DeviceInfo device() {
        return info;
    }

    @Override
    public MemoryInfo memory() {
        return new MemoryInfo(memory.capacity() - memory.used(), memory.capacity());
    }

    @Override
    public long allocate(long bytes) {
        enterUncaptured("cuMemAlloc");
        if (bytes < 1) {
            throw new CudaError("cuMemAlloc", "bytes " + bytes, INVALID, "at least 1 is needed");
        }
        long address = bytes <= memory.capacity() ? memory.allocate(bytes) : 0;
        if (address == 0) {
            throw new CudaError("cuMemAlloc", "bytes " + bytes, CudaError.OUT_OF_MEMORY);
        }
        return address;
    }

    @Override
    public void free(long address) {
        enterUncaptured("cuMemFree");
        run(queue::awaitAll);
        try {
            memory.free(address);
        } catch (IllegalArgumentException e) {
            throw invalid("cuMemFree", "", e);
        }
    }

    @Override
    public PinnedMemory allocatePinned(long bytes) {
        enterUncaptured("cuMemAllocHost");
        PinnedMemory host = new SimulatedPinnedMemory(bytes);
        pinned.add(host);
        return host;
    }

    @Override
    public void freePinned(PinnedMemory host) {
        enterUncaptured("cuMemFreeHost");
        own(host);
        run(queue::awaitAll);
        pinned.remove(host);
    }

    @Override
    public Stream createStream() {
        enter();
        return new Stream(add(streams, new Queue()));
    }

    @Override
    public void destroy(Stream stream) {
        enter();
        get(streams, stream.handle(), "stream");
        streams.remove(stream.handle());
    }

    @Override
    public Event createEvent(boolean timed) {
        enter();
        return new Event(add(events, new Mark(timed)));
    }

    @Override
    public void destroy(Event event) {
        enter();
        mark(event);
        events.remove(event.handle());
    }

    @Override
    public void record(Event event, Stream stream) {
        Queue of = queue(stream);
        Mark mark = mark(event);
        mark.capture = of.capture;
        if (of.capture.isEmpty()) {
            submit(
                    of,
                    "cuEventRecord",
                    () -> mark.nanoseconds = System.nanoTime(),
                    Optional.empty());
        }
        mark.last = of.last;
    }

    @Override
    public void await(Event event, Stream stream) {
        Queue of = queue(stream);
        Mark mark = mark(event);
        if (of.capture.isPresent() && mark.capture.isEmpty() && !mark.last.isEmpty()) {
            throw new CudaError(
                    "cuStreamWaitEvent",
                    "",
                    "CUDA_ERROR_STREAM_CAPTURE_ISOLATION",
                    "a captured stream cannot wait for work that is not captured");
        }
        if (mark.capture.isPresent() && of.capture.isEmpty()) {
            of.capture = mark.capture;
            of.beforeCapture = of.last;
            of.last = List.of();
            mark.capture.get().streams.add(of);
        }
        Set<Work> both = new HashSet<>(of.last);
        both.addAll(mark.last);
        of.last = inOrder(both);
    }

    /// Sets have no order that another run would repeat.
    private static List<Work> inOrder(Set<Work> works) {
        return works.stream().sorted((a, b) -> Long.compare(a.number, b.number)).toList();
    }

    @Override
    public boolean isDone(Event event) {
        Mark mark = mark(event);
        enterUncaptured("cuEventQuery");
        boolean[] done = new boolean[1];
        run(() -> done[0] = queue.poll(mark.last));
        return done[0];
    }

    @Override
    public void synchronize(Event event) {
        Mark mark = mark(event);
        enterUncaptured("cuEventSynchronize");
        run(() -> queue.await(mark.last));
    }

    @Override
    public void synchronize(Stream stream) {
        Queue of = queue(stream);
        enterUncaptured("cuStreamSynchronize");
        run(() -> queue.await(of.last));
    }

    @Override
    public void synchronize() {
        enterUncaptured("cuCtxSynchronize");
        run(
                () -> {
                    queue.awaitAll();
                    streams.values().forEach(stream -> queue.await(stream.last));
                });
    }

    /// The time the simulation took.
    @Override
    public float elapsedMilliseconds(Event start, Event end) {
        Mark from = mark(start);
        Mark to = mark(end);
        if (!from.timed || !to.timed || from.nanoseconds == 0 || to.nanoseconds == 0) {
            throw new CudaError(
                    "cuEventElapsedTime",
                    "",
                    "CUDA_ERROR_INVALID_HANDLE",
                    "both events must be timed, and their work done");
        }
        return (to.nanoseconds - from.nanoseconds) * 1e-6f;
    }

    @Override
    public void upload(long to, PinnedMemory from, long fromOffset, long bytes, Stream stream) {
        Queue of = queue(stream);
        SimulatedPinnedMemory host = own(from);
        MemorySegment source = host.segment().asSlice(fromOffset, bytes);
        require(to, bytes, "the target of cuMemcpyHtoDAsync");
        submit(of, "cuMemcpyHtoDAsync", () -> memory.copyIn(source, to), Optional.of(host));
    }

    @Override
    public void download(PinnedMemory to, long toOffset, long from, long bytes, Stream stream) {
        Queue of = queue(stream);
        SimulatedPinnedMemory host = own(to);
        MemorySegment target = host.segment().asSlice(toOffset, bytes);
        require(from, bytes, "the source of " + DOWNLOAD);
        submit(of, DOWNLOAD, () -> memory.copyOut(from, target), Optional.of(host));
    }

    @Override
    public void copy(long to, long from, long bytes, Stream stream) {
        Queue of = queue(stream);
        require(from, bytes, "the source of cuMemcpyDtoDAsync");
        require(to, bytes, "the target of cuMemcpyDtoDAsync");
        if (from < to + bytes && to < from + bytes) {
            throw new CudaError(
                    "cuMemcpyDtoDAsync",
                    "to %#x, from %#x, bytes %d".formatted(to, from, bytes),
                    INVALID,
                    "the two places overlap");
        }
        submit(of, "cuMemcpyDtoDAsync", () -> memory.copy(from, to, bytes), Optional.empty());
    }

    @Override
    public void fill(long address, int word, long words, Stream stream) {
        Queue of = queue(stream);
        require(address, 4 * words, "the target of cuMemsetD32Async");
        if (address % 4 != 0) {
            throw new CudaError(
                    "cuMemsetD32Async",
                    "address %#x".formatted(address),
                    INVALID,
                    "it must be a multiple of 4");
        }
        submit(
                of,
                "cuMemsetD32Async",
                () -> {
                    int[] values = new int[(int) words];
                    Arrays.fill(values, word);
                    memory.copyIn(MemorySegment.ofArray(values), address);
                },
                Optional.empty());
    }

    @Override
    public PtxModule load(String ptx) {
        enterUncaptured("cuModuleLoadDataEx");
        try {
            return new PtxModule(add(modules, athanor.kernels.cuda.simulator.PtxModule.parse(ptx)));
        } catch (PtxProblem e) {
            throw caused(
                    new CudaError(
                            "cuModuleLoadDataEx",
                            "",
                            "CUDA_ERROR_INVALID_PTX",
                            String.valueOf(e.getMessage())),
                    e);
        }
    }

    @Override
    public void unload(PtxModule module) {
        enter();
        get(modules, module.handle(), "module");
        modules.remove(module.handle());
        kernels.values().removeIf(kernel -> kernel.module() == module.handle());
    }

    @Override
    public Kernel kernel(PtxModule module, String name) {
        enter();
        athanor.kernels.cuda.simulator.PtxModule text = get(modules, module.handle(), "module");
        if (!text.kernelNames().contains(name)) {
            throw new CudaError(
                    "cuModuleGetFunction",
                    "name " + name,
                    "CUDA_ERROR_NOT_FOUND",
                    "the module has " + text.kernelNames());
        }
        return new Kernel(add(kernels, new Loaded(text.kernel(name), module.handle())), name);
    }

    @Override
    public void launch(
            Kernel kernel,
            Grid grid,
            Grid block,
            int sharedBytes,
            Stream stream,
            Arguments arguments) {
        Queue of = queue(stream);
        athanor.kernels.cuda.simulator.Kernel code =
                get(kernels, kernel.handle(), "kernel").kernel();
        ByteBuffer packed = ByteBuffer.allocate(arguments.size());
        packed.put(arguments.bytes()).flip();
        Launch launch;
        try {
            launch = new Launch(code, size(grid), size(block), sharedBytes, packed, queue.seed());
        } catch (IllegalArgumentException e) {
            throw invalid("cuLaunchKernel", "kernel " + kernel.name(), e);
        }
        submit(
                of,
                kernel.name(),
                () -> {
                    KernelStatistics done = simulator.run(launch);
                    statistics.merge(kernel.name(), done, KernelStatistics::plus);
                },
                Optional.empty());
    }

    private static Dim3 size(Grid grid) {
        return new Dim3(grid.x(), grid.y(), grid.z());
    }

    @Override
    public void beginCapture(Stream stream) {
        Queue of = queue(stream);
        if (capturing.isPresent()) {
            throw new CudaError("cuStreamBeginCapture", "", "CUDA_ERROR_ILLEGAL_STATE");
        }
        Capture capture = new Capture();
        capture.streams.add(of);
        of.capture = Optional.of(capture);
        of.beforeCapture = of.last;
        of.last = List.of();
        capturing = of.capture;
    }

    @Override
    public Graph endCapture(Stream stream) {
        Queue of = queue(stream);
        Capture capture =
                of.capture.orElseThrow(
                        () ->
                                new CudaError(
                                        "cuStreamEndCapture",
                                        "",
                                        "CUDA_ERROR_ILLEGAL_STATE",
                                        "the stream is not captured"));
        Set<Work> ends = new HashSet<>(capture.works);
        capture.works.forEach(work -> work.after.forEach(ends::remove));
        List<Work> joined = of.last;
        capture.streams.forEach(
                member -> {
                    member.capture = Optional.empty();
                    member.last = member.beforeCapture;
                });
        events.values()
                .forEach(
                        mark -> {
                            if (mark.capture.isPresent()) {
                                mark.capture = Optional.empty();
                                mark.last = List.of();
                            }
                        });
        capturing = Optional.empty();
        if (!joined.containsAll(ends)) {
            throw new CudaError(
                    "cuStreamEndCapture",
                    "",
                    "CUDA_ERROR_STREAM_CAPTURE_UNJOINED",
                    "the stream does not wait for an event after "
                            + names(ends)
                            + " of another stream that takes part");
        }
        return new Graph(add(graphs, new Plan(List.copyOf(capture.works))));
    }

    private static List<String> names(Set<Work> works) {
        return inOrder(works).stream().map(work -> work.name).toList();
    }

    @Override
    public void launch(Graph graph, Stream stream) {
        Queue of = queue(stream);
        if (of.capture.isPresent()) {
            throw new CudaError(
                    "cuGraphLaunch",
                    "",
                    "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
                    "a graph inside a graph is not simulated");
        }
        Plan plan = get(graphs, graph.handle(), "graph");
        Set<Work> before = new HashSet<>(of.last);
        before.addAll(plan.last);
        List<Work> start = inOrder(before);
        IdentityHashMap<Work, Work> copies = new IdentityHashMap<>();
        Set<Work> ends = new HashSet<>(start);
        for (Work work : plan.works) {
            List<Work> after =
                    work.after.isEmpty()
                            ? start
                            : work.after.stream().map(w -> copies.getOrDefault(w, w)).toList();
            Work copy = new Work(work.name, work.action, work.host, after, ++lastHandle);
            copies.put(work, copy);
            after.forEach(ends::remove);
            ends.add(copy);
            run(() -> queue.add(copy));
        }
        of.last = inOrder(ends);
        plan.last = of.last;
    }

    @Override
    public void destroy(Graph graph) {
        enter();
        get(graphs, graph.handle(), "graph");
        graphs.remove(graph.handle());
    }

    @Override
    public void close() {
        if (!closed && failure.isEmpty()) {
            run(queue::awaitAll);
        }
        queue.clear();
        closed = true;
    }

    @Override
    public void submit(Stream stream, String name, Runnable work) {
        submit(queue(stream), name, work, Optional.empty());
    }

    @Override
    public byte[] read(long address, long count) {
        require(address, count, "what is read");
        if (!memory.isWritten(address, count)) {
            throw new CudaError(
                    "read",
                    "%d bytes at %s".formatted(count, memory.describe(address)),
                    INVALID,
                    "nothing has written all of them");
        }
        byte[] bytes = new byte[(int) count];
        memory.copyOut(address, MemorySegment.ofArray(bytes));
        return bytes;
    }

    @Override
    public void write(long address, byte[] bytes) {
        require(address, bytes.length, "what is written");
        memory.copyIn(MemorySegment.ofArray(bytes), address);
    }

    @Override
    public void require(long address, long count, String what) {
        if (count > 0 && !memory.holds(address, count)) {
            throw new CudaError(what, "bytes " + count, INVALID, memory.describe(address));
        }
    }

    private void submit(
            Queue of, String name, Runnable action, Optional<SimulatedPinnedMemory> host) {
        Work work = new Work(name, action, host, of.last, ++lastHandle);
        of.last = List.of(work);
        if (of.capture.isPresent()) {
            of.capture.get().works.add(work);
        } else {
            run(() -> queue.add(work));
        }
    }

    /// Lets the device work; what a kernel does wrong shows here, and from now on.
    private void run(Runnable device) {
        try {
            device.run();
        } catch (KernelFault fault) {
            String status =
                    switch (fault.kind()) {
                        case OUT_OF_BOUNDS, FREED, READ_ONLY -> "CUDA_ERROR_ILLEGAL_ADDRESS";
                        case MISALIGNED -> "CUDA_ERROR_MISALIGNED_ADDRESS";
                        case DEADLOCK, ENDLESS -> "CUDA_ERROR_LAUNCH_TIMEOUT";
                        default -> "CUDA_ERROR_LAUNCH_FAILED";
                    };
            CudaError error =
                    caused(
                            new CudaError(
                                    "cuLaunchKernel",
                                    "",
                                    status,
                                    String.valueOf(fault.getMessage())),
                            fault);
            failure = Optional.of(error);
            throw error;
        }
    }

    private static CudaError caused(CudaError error, Exception cause) {
        error.initCause(cause);
        return error;
    }

    private static CudaError invalid(String call, String arguments, Exception cause) {
        return caused(
                new CudaError(call, arguments, INVALID, String.valueOf(cause.getMessage())), cause);
    }

    private void enter() {
        if (closed) {
            throw new IllegalStateException("the simulated GPU is closed");
        }
        if (failure.isPresent()) {
            throw failure.get();
        }
    }

    private void enterUncaptured(String call) {
        enter();
        if (capturing.isPresent()) {
            throw new CudaError(call, "", "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED");
        }
    }

    private Queue queue(Stream stream) {
        enter();
        return get(streams, stream.handle(), "stream");
    }

    private Mark mark(Event event) {
        enter();
        return get(events, event.handle(), "event");
    }

    private SimulatedPinnedMemory own(PinnedMemory host) {
        if (pinned.contains(host) && host instanceof SimulatedPinnedMemory own) {
            return own;
        }
        throw new IllegalArgumentException(
                "pinned memory is not of this device, or was given back already");
    }

    private <T> long add(Map<Long, T> to, T object) {
        to.put(++lastHandle, object);
        return lastHandle;
    }

    private static <T> T get(Map<Long, T> from, long handle, String what) {
        T object = from.get(handle);
        if (object == null) {
            throw new IllegalArgumentException(
                    "%s %d is not of this device, or was given back already"
                            .formatted(what, handle));
        }
        return object;
    }
}
