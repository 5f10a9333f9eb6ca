package athanor.kernels.cuda;

import athanor.kernels.cuda.Driver.Event;
import athanor.kernels.cuda.Driver.Stream;
import java.lang.foreign.MemorySegment;

/// Copies between arrays of the program and the device by way of pinned memory: two buffers, so
/// that one is filled while the other is under way.
///
/// Uploads are asynchronous in the stream, the program's array is free as soon as the call returns.
public final class PinnedStaging implements AutoCloseable {
    private static final int BUFFERS = 2;

    private final Driver driver;
    private final Stream stream;
    private final long bufferBytes;
    private final PinnedMemory[] buffers = new PinnedMemory[BUFFERS];
    private final Event[] done = new Event[BUFFERS];
    private int turn;

    /// @param bufferBytes of each of the two; longer copies go in pieces
    public PinnedStaging(Driver driver, Stream stream, long bufferBytes) {
        this.driver = driver;
        this.stream = stream;
        this.bufferBytes = bufferBytes;
        for (int i = 0; i < BUFFERS; i++) {
            buffers[i] = driver.allocatePinned(bufferBytes);
            done[i] = driver.createEvent(false);
        }
    }

    /// Copies all of the source to the address, asynchronously. Waits only for the upload before
    /// the last. `MemorySegment.ofArray(numbers)` is the segment of an array.
    public void upload(MemorySegment source, long to) {
        for (long from = 0; from < source.byteSize(); from += bufferBytes) {
            long bytes = Math.min(bufferBytes, source.byteSize() - from);
            driver.synchronize(done[turn]);
            MemorySegment.copy(source, from, buffers[turn].forWriting(), 0, bytes);
            driver.upload(to + from, buffers[turn], 0, bytes, stream);
            driver.record(done[turn], stream);
            turn = (turn + 1) % BUFFERS;
        }
    }

    /// Copies from the address until the target is full, after the stream's earlier work; returns
    /// when it is done.
    public void download(long from, MemorySegment target) {
        for (long to = 0; to < target.byteSize(); to += bufferBytes) {
            long bytes = Math.min(bufferBytes, target.byteSize() - to);
            driver.synchronize(done[turn]);
            driver.download(buffers[turn], 0, from + to, bytes, stream);
            driver.record(done[turn], stream);
            driver.synchronize(done[turn]);
            MemorySegment.copy(buffers[turn].forReading(), 0, target, to, bytes);
        }
    }

    /// What the consumer is given from now on finds the uploads so far done.
    public void order(Stream consumer) {
        driver.await(done[(turn + BUFFERS - 1) % BUFFERS], consumer);
    }

    @Override
    public void close() {
        driver.synchronize(stream);
        for (int i = 0; i < BUFFERS; i++) {
            driver.freePinned(buffers[i]);
            driver.destroy(done[i]);
        }
    }
}
