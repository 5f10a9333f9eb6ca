package athanor.kernels.cuda.jcuda;

import static jcuda.driver.JCudaDriver.*;

import athanor.kernels.cuda.Arguments;
import athanor.kernels.cuda.CudaError;
import athanor.kernels.cuda.DeviceInfo;
import athanor.kernels.cuda.Driver;
import athanor.kernels.cuda.Grid;
import athanor.kernels.cuda.PinnedMemory;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUjit_option;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JITOptions;

/// A real GPU. Works in the device's primary context, which cuBLAS and cuDNN use as well.
public final class JCudaDriver implements Driver {
    /// Dynamic shared memory that a kernel may have without being asked about.
    private static final int COMMON_SHARED_BYTES = 48 << 10;

    private static final int COMPILER_WORDS = 8192;

    private record Function(CUfunction function, long module) {}

    private record Pinned(Pointer pointer, MemorySegment segment) implements PinnedMemory {
        @Override
        public long bytes() {
            return segment.byteSize();
        }

        @Override
        public MemorySegment forReading() {
            return segment;
        }

        @Override
        public MemorySegment forWriting() {
            return segment;
        }
    }

    private final CUdevice device = new CUdevice();
    private final CUcontext context = new CUcontext();
    private final DeviceInfo info;
    private final Set<Long> allocated = new HashSet<>();
    private final Set<Pinned> pinned = new HashSet<>();
    private final Handles<CUstream> streams = new Handles<>("stream");
    private final Handles<CUevent> events = new Handles<>("event");
    private final Handles<CUmodule> modules = new Handles<>("module");
    private final Handles<Function> kernels = new Handles<>("kernel");
    private final Handles<CUgraphExec> graphs = new Handles<>("graph");
    private boolean closed;

    /// @param number of the GPU, as `nvidia-smi -L` counts, from 0
    /// @throws athanor.kernels.cuda.CudaUnavailable where the driver's library cannot be loaded
    /// @throws CudaError where the driver has no such GPU
    public JCudaDriver(int number) {
        Library.DRIVER.load();
        Status.driver(cuInit(0), "cuInit");
        Status.driver(cuDeviceGet(device, number), "cuDeviceGet", "device", number);
        Status.driver(cuDevicePrimaryCtxRetain(context, device), "cuDevicePrimaryCtxRetain");
        info = describe(device);
    }

    private static DeviceInfo describe(CUdevice device) {
        byte[] name = new byte[256];
        Status.driver(cuDeviceGetName(name, name.length, device), "cuDeviceGetName");
        long[] memory = new long[1];
        Status.driver(cuDeviceTotalMem(memory, device), "cuDeviceTotalMem");
        return new DeviceInfo(
                new String(name, StandardCharsets.UTF_8).split("\0")[0],
                attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
                attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
                attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
                attribute(
                        device,
                        CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
                memory[0]);
    }

    private static int attribute(CUdevice device, int which) {
        int[] value = new int[1];
        Status.driver(cuDeviceGetAttribute(value, which, device), "cuDeviceGetAttribute");
        return value[0];
    }

    /// The GPUs there are, in the order of their numbers.
    ///
    /// @throws athanor.kernels.cuda.CudaUnavailable where there is no driver
    /// @throws CudaError where the driver finds no GPU
    public static List<DeviceInfo> devices() {
        Library.DRIVER.load();
        Status.driver(cuInit(0), "cuInit");
        int[] count = new int[1];
        Status.driver(cuDeviceGetCount(count), "cuDeviceGetCount");
        List<DeviceInfo> found = new ArrayList<>();
        for (int i = 0; i < count[0]; i++) {
            CUdevice device = new CUdevice();
            Status.driver(cuDeviceGet(device, i), "cuDeviceGet", "device", i);
            found.add(describe(device));
        }
        return found;
    }

    /// Version of CUDA that the installed driver knows: 12040 is 12.4.
    ///
    /// @throws athanor.kernels.cuda.CudaUnavailable where there is no driver
    public static int driverVersion() {
        Library.DRIVER.load();
        int[] version = new int[1];
        Status.driver(cuDriverGetVersion(version), "cuDriverGetVersion");
        return version[0];
    }

    /// A thread's context is its own: each call comes through here.
    void enter() {
        if (closed) {
            throw new IllegalStateException("this device is closed");
        }
        Status.driver(cuCtxSetCurrent(context), "cuCtxSetCurrent");
    }

    CUstream stream(Stream stream) {
        return streams.get(stream.handle());
    }

    private CUevent event(Event event) {
        return events.get(event.handle());
    }

    @Override
    public DeviceInfo device() {
        return info;
    }

    @Override
    public MemoryInfo memory() {
        enter();
        long[] free = new long[1];
        long[] total = new long[1];
        Status.driver(cuMemGetInfo(free, total), "cuMemGetInfo");
        return new MemoryInfo(free[0], total[0]);
    }

    @Override
    public long allocate(long bytes) {
        enter();
        Address address = new Address();
        Status.driver(cuMemAlloc(address, bytes), "cuMemAlloc", "bytes", bytes);
        allocated.add(address.value());
        return address.value();
    }

    @Override
    public void free(long address) {
        enter();
        Status.driver(cuMemFree(new Address(address)), "cuMemFree", "address", address);
        allocated.remove(address);
    }

    @Override
    public PinnedMemory allocatePinned(long bytes) {
        if (bytes < 1 || bytes > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "pinned memory of %d bytes: from 1 to 2^31 - 1 are possible at a time"
                            .formatted(bytes));
        }
        enter();
        Pointer pointer = new Pointer();
        Status.driver(cuMemHostAlloc(pointer, bytes, 0), "cuMemHostAlloc", "bytes", bytes);
        Pinned memory =
                new Pinned(pointer, MemorySegment.ofBuffer(pointer.getByteBuffer(0, bytes)));
        pinned.add(memory);
        return memory;
    }

    @Override
    public void freePinned(PinnedMemory memory) {
        enter();
        Pinned own = own(memory);
        Status.driver(cuMemFreeHost(own.pointer()), "cuMemFreeHost", "bytes", own.bytes());
        pinned.remove(own);
    }

    private Pinned own(PinnedMemory memory) {
        if (memory instanceof Pinned own && pinned.contains(own)) {
            return own;
        }
        throw new IllegalArgumentException(
                "pinned memory of another device, or given back already");
    }

    @Override
    public Stream createStream() {
        enter();
        CUstream stream = new CUstream();
        Status.driver(
                cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING), "cuStreamCreate");
        return new Stream(streams.add(stream));
    }

    @Override
    public void destroy(Stream stream) {
        enter();
        Status.driver(cuStreamDestroy(streams.remove(stream.handle())), "cuStreamDestroy");
    }

    @Override
    public Event createEvent(boolean timed) {
        enter();
        CUevent event = new CUevent();
        int flags = timed ? CUevent_flags.CU_EVENT_DEFAULT : CUevent_flags.CU_EVENT_DISABLE_TIMING;
        Status.driver(cuEventCreate(event, flags), "cuEventCreate");
        return new Event(events.add(event));
    }

    @Override
    public void destroy(Event event) {
        enter();
        Status.driver(cuEventDestroy(events.remove(event.handle())), "cuEventDestroy");
    }

    @Override
    public void record(Event event, Stream stream) {
        enter();
        Status.driver(cuEventRecord(event(event), stream(stream)), "cuEventRecord");
    }

    @Override
    public void await(Event event, Stream stream) {
        enter();
        Status.driver(cuStreamWaitEvent(stream(stream), event(event), 0), "cuStreamWaitEvent");
    }

    @Override
    public boolean isDone(Event event) {
        enter();
        int status = cuEventQuery(event(event));
        if (status == CUresult.CUDA_ERROR_NOT_READY) {
            return false;
        }
        Status.driver(status, "cuEventQuery");
        return true;
    }

    @Override
    public void synchronize(Event event) {
        enter();
        Status.driver(cuEventSynchronize(event(event)), "cuEventSynchronize");
    }

    @Override
    public void synchronize(Stream stream) {
        enter();
        Status.driver(cuStreamSynchronize(stream(stream)), "cuStreamSynchronize");
    }

    @Override
    public void synchronize() {
        enter();
        Status.driver(cuCtxSynchronize(), "cuCtxSynchronize");
    }

    @Override
    public float elapsedMilliseconds(Event start, Event end) {
        enter();
        float[] time = new float[1];
        Status.driver(cuEventElapsedTime(time, event(start), event(end)), "cuEventElapsedTime");
        return time[0];
    }

    @Override
    public void upload(long to, PinnedMemory from, long fromOffset, long bytes, Stream stream) {
        enter();
        Status.driver(
                cuMemcpyHtoDAsync(
                        new Address(to), place(from, fromOffset, bytes), bytes, stream(stream)),
                "cuMemcpyHtoDAsync",
                "to",
                to,
                "bytes",
                bytes);
    }

    @Override
    public void download(PinnedMemory to, long toOffset, long from, long bytes, Stream stream) {
        enter();
        Status.driver(
                cuMemcpyDtoHAsync(
                        place(to, toOffset, bytes), new Address(from), bytes, stream(stream)),
                "cuMemcpyDtoHAsync",
                "from",
                from,
                "bytes",
                bytes);
    }

    /// The driver would copy beyond the end without a word.
    private Pointer place(PinnedMemory memory, long offset, long bytes) {
        Pinned own = own(memory);
        return Pointer.to(own.segment().asSlice(offset, bytes).asByteBuffer());
    }

    @Override
    public void copy(long to, long from, long bytes, Stream stream) {
        enter();
        Status.driver(
                cuMemcpyDtoDAsync(new Address(to), new Address(from), bytes, stream(stream)),
                "cuMemcpyDtoDAsync",
                "to",
                to,
                "from",
                from,
                "bytes",
                bytes);
    }

    @Override
    public void fill(long address, int word, long words, Stream stream) {
        enter();
        Status.driver(
                cuMemsetD32Async(new Address(address), word, words, stream(stream)),
                "cuMemsetD32Async",
                "address",
                address,
                "words",
                words);
    }

    @Override
    public PtxModule load(String ptx) {
        enter();
        byte[] text = ptx.getBytes(StandardCharsets.UTF_8);
        CUmodule module = new CUmodule();
        JITOptions options = new JITOptions();
        options.putBytes(CUjit_option.CU_JIT_ERROR_LOG_BUFFER, new byte[COMPILER_WORDS]);
        Pointer terminated = Pointer.to(Arrays.copyOf(text, text.length + 1));
        int status = cuModuleLoadDataJIT(module, terminated, options);
        if (status != CUresult.CUDA_SUCCESS) {
            String words = options.getString(CUjit_option.CU_JIT_ERROR_LOG_BUFFER);
            String name = CUresult.stringFor(status);
            String kernel =
                    ptx.lines().filter(line -> line.contains(".entry")).findFirst().orElse("");
            throw words.isBlank()
                    ? new CudaError("cuModuleLoadDataEx", kernel, name)
                    : new CudaError("cuModuleLoadDataEx", kernel, name, words.strip());
        }
        return new PtxModule(modules.add(module));
    }

    @Override
    public void unload(PtxModule module) {
        enter();
        Status.driver(cuModuleUnload(modules.remove(module.handle())), "cuModuleUnload");
        kernels.removeIf(kernel -> kernel.module() == module.handle());
    }

    @Override
    public Kernel kernel(PtxModule module, String name) {
        enter();
        CUfunction function = new CUfunction();
        Status.driver(
                cuModuleGetFunction(function, modules.get(module.handle()), name),
                "cuModuleGetFunction",
                "name",
                name);
        return new Kernel(kernels.add(new Function(function, module.handle())), name);
    }

    @Override
    public void launch(
            Kernel kernel,
            Grid grid,
            Grid block,
            int sharedBytes,
            Stream stream,
            Arguments arguments) {
        enter();
        CUfunction function = kernels.get(kernel.handle()).function();
        if (sharedBytes > COMMON_SHARED_BYTES) {
            Status.driver(
                    cuFuncSetAttribute(
                            function,
                            CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                            sharedBytes),
                    "cuFuncSetAttribute",
                    "shared bytes",
                    sharedBytes);
        }
        Pointer[] places = new Pointer[arguments.count()];
        Pointer first = Pointer.to(arguments.bytes());
        for (int i = 0; i < places.length; i++) {
            places[i] = first.withByteOffset(arguments.offset(i));
        }
        Status.driver(
                cuLaunchKernel(
                        function,
                        grid.x(),
                        grid.y(),
                        grid.z(),
                        block.x(),
                        block.y(),
                        block.z(),
                        sharedBytes,
                        stream(stream),
                        Pointer.to(places),
                        null),
                "cuLaunchKernel",
                "kernel",
                kernel.name(),
                "grid",
                grid,
                "block",
                block,
                "shared bytes",
                sharedBytes);
    }

    @Override
    public void beginCapture(Stream stream) {
        enter();
        Status.driver(
                cuStreamBeginCapture(
                        stream(stream), CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
                "cuStreamBeginCapture");
    }

    @Override
    public Graph endCapture(Stream stream) {
        enter();
        CUgraph graph = new CUgraph();
        Status.driver(cuStreamEndCapture(stream(stream), graph), "cuStreamEndCapture");
        CUgraphExec instance = new CUgraphExec();
        try {
            Status.driver(cuGraphInstantiate(instance, graph, 0), "cuGraphInstantiate");
        } finally {
            Status.driver(cuGraphDestroy(graph), "cuGraphDestroy");
        }
        return new Graph(graphs.add(instance));
    }

    @Override
    public void launch(Graph graph, Stream stream) {
        enter();
        Status.driver(cuGraphLaunch(graphs.get(graph.handle()), stream(stream)), "cuGraphLaunch");
    }

    @Override
    public void destroy(Graph graph) {
        enter();
        Status.driver(cuGraphExecDestroy(graphs.remove(graph.handle())), "cuGraphExecDestroy");
    }

    /// What a broken device refuses now matters to nobody: only the way here is checked.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        enter();
        closed = true;
        int status = cuCtxSynchronize();
        graphs.all().forEach(graph -> cuGraphExecDestroy(graph));
        modules.all().forEach(module -> cuModuleUnload(module));
        events.all().forEach(event -> cuEventDestroy(event));
        streams.all().forEach(stream -> cuStreamDestroy(stream));
        allocated.forEach(address -> cuMemFree(new Address(address)));
        pinned.forEach(memory -> cuMemFreeHost(memory.pointer()));
        cuDevicePrimaryCtxRelease(device);
        Status.driver(status, "cuCtxSynchronize");
    }
}
