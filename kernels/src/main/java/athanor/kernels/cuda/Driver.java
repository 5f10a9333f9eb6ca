package athanor.kernels.cuda;

/// One GPU: its memory, and work for it in streams. What CUDA's driver interface offers and a
/// training engine uses, no more.
///
/// *Asynchronous* is what takes a [Stream]: the call returns before the work is done. Work of one
/// stream is done in the order it was given; work of two streams in any order, and at once, unless
/// an event orders it ([#record], [#await]). Everything else is done when the call returns.
///
/// Addresses are of device memory, in bytes; a place inside an allocation is the allocation's
/// address plus bytes. Sizes are in bytes unless they say words. What `create`, `load`, `allocate`
/// and `endCapture` return belongs to the caller until it is given back; [#close] gives back all.
///
/// Calls may come from any thread, one at a time. What CUDA refuses is a [CudaError]; an error
/// inside a kernel may show in any later call, and the device is of no use after it.
public interface Driver extends AutoCloseable {

    /// A queue of work.
    record Stream(long handle) {}

    /// A mark in a stream.
    record Event(long handle) {}

    /// The kernels of one PTX text.
    record PtxModule(long handle) {}

    /// An `.entry` of a module; valid as long as its module.
    record Kernel(long handle, String name) {}

    /// Work that was captured from a stream and can be started as a whole.
    record Graph(long handle) {}

    /// Bytes of device memory.
    record MemoryInfo(long free, long total) {}

    DeviceInfo device();

    /// What is free now, other programs counted.
    MemoryInfo memory();

    /// Device memory of at least one byte, at a multiple of 256. Its content is arbitrary.
    ///
    /// @throws CudaError with status `CUDA_ERROR_OUT_OF_MEMORY` where there is not enough; the
    ///     device remains of use
    long allocate(long bytes);

    /// Takes an address that [#allocate] returned, once. Waits for work that is under way.
    void free(long address);

    /// Memory of the host that asynchronous copies can use.
    PinnedMemory allocatePinned(long bytes);

    void freePinned(PinnedMemory memory);

    /// A stream that waits for no other, the default stream included.
    Stream createStream();

    void destroy(Stream stream);

    /// An event that holds a time as well, for [#elapsedMilliseconds], if it is timed.
    Event createEvent(boolean timed);

    void destroy(Event event);

    /// Marks the end of what the stream has been given so far; an earlier mark is forgotten.
    void record(Event event, Stream stream);

    /// What the stream is given from now on starts after the mark, asynchronously. An event without
    /// a mark is no condition.
    void await(Event event, Stream stream);

    /// Whether all work before the mark is done; true for an event without a mark.
    boolean isDone(Event event);

    /// Returns when all work before the mark is done.
    void synchronize(Event event);

    /// Returns when all work of the stream is done.
    void synchronize(Stream stream);

    /// Returns when all work of the device is done.
    void synchronize();

    /// Time of the device between two timed events whose work is done.
    float elapsedMilliseconds(Event start, Event end);

    /// Copies to the device, asynchronously: the source keeps its content until it is done.
    void upload(long to, PinnedMemory from, long fromOffset, long bytes, Stream stream);

    /// Copies from the device, asynchronously: the target holds it after a synchronization.
    void download(PinnedMemory to, long toOffset, long from, long bytes, Stream stream);

    /// Copies inside the device, asynchronously. The two places must not overlap.
    void copy(long to, long from, long bytes, Stream stream);

    /// Writes the 32-bit word to `words` places from the address on, a multiple of 4;
    /// asynchronously.
    void fill(long address, int word, long words, Stream stream);

    /// Compiles a PTX text for this device.
    ///
    /// @throws CudaError with the compiler's own words where it does not compile
    PtxModule load(String ptx);

    void unload(PtxModule module);

    /// The module's `.visible .entry` of this name.
    Kernel kernel(PtxModule module, String name);

    /// Runs the kernel, asynchronously.
    ///
    /// @param grid blocks; x up to 2^31 - 1, y and z up to 65535
    /// @param block threads of a block, at most 1024 in all
    /// @param sharedBytes dynamic shared memory of a block, beyond what the kernel declares
    void launch(
            Kernel kernel,
            Grid grid,
            Grid block,
            int sharedBytes,
            Stream stream,
            Arguments arguments);

    /// From now on the stream's work is noted instead of done, until [#endCapture]. In between
    /// nothing may be allocated, freed or synchronized by this thread; another stream takes part
    /// when it awaits an event that was recorded here, and must be joined back the same way.
    void beginCapture(Stream stream);

    /// What was noted, ready to be launched: the same addresses and arguments each time.
    Graph endCapture(Stream stream);

    /// Does the work of the graph, asynchronously. A graph does not run beside itself.
    void launch(Graph graph, Stream stream);

    void destroy(Graph graph);

    /// Waits for the device and gives back all that is left of it. Nothing is of use after it; a
    /// second call does nothing.
    @Override
    void close();
}
