package athanor.train.distributed;

import athanor.engine.Communicator;
import athanor.engine.DType;
import athanor.engine.HostBuffer;
import athanor.engine.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// The ranks of MPI_COMM_WORLD. One thread makes all calls of MPI, one exchange after the other,
/// while the caller goes on.
///
/// MPI_Allreduce may add in any order. So a sum is made of two exchanges: each rank receives its
/// part of everybody's numbers (all-to-all), adds them in the order of the ranks, and sends the
/// sums to all (all-gather). Both ways together move `2 (P - 1) / P` of the numbers, the least
/// there is.
///
/// MPI reads and writes native memory: tensors are copied there when an exchange begins, and back
/// when it is awaited, both by the caller.
public final class Mpi implements Communicator {
    private static final int ABORT_SECONDS = 10;
    /// Elements that are added at a time, in the first cache.
    private static final int BLOCK = 4096;

    private final ExecutorService thread =
            Executors.newSingleThreadExecutor(
                    Thread.ofPlatform().daemon().name("athanor-mpi").factory());
    private final List<MemorySegment> free = new ArrayList<>();
    private final OpenMpi mpi = new OpenMpi(() -> this.aborts);
    private final int rank;
    private final int size;
    private final String host;
    private MemorySegment received = MemorySegment.NULL;
    private volatile boolean aborts;

    private Mpi() {
        join(thread.submit(mpi::initialize));
        rank = join(thread.submit(mpi::rank));
        size = join(thread.submit(mpi::size));
        host = join(thread.submit(mpi::host));
    }

    /// Joins the ranks that were started with this process; once in its life.
    ///
    /// @throws CommunicatorProblem where there is no Open MPI
    static Mpi open() {
        return new Mpi();
    }

    /// What Open MPI is installed, as in `Open MPI v4.1.4 (libmpi.so.40)`.
    ///
    /// @throws CommunicatorProblem where there is none
    public static String installed() {
        OpenMpi mpi = new OpenMpi(() -> false);
        return mpi.version() + " (" + mpi.file() + ")";
    }

    @Override
    public String name() {
        return "mpi";
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int size() {
        return size;
    }

    String host() {
        return host;
    }

    @Override
    public Work allReduce(List<Tensor> tensors) {
        DType dtype = dtype(tensors);
        long length = tensors.stream().mapToLong(Tensor::size).sum();
        int chunk = Math.toIntExact((length + size - 1) / size);
        MemorySegment values = stage(tensors, (long) chunk * size * dtype.bytes());
        Future<?> done = thread.submit(() -> sum(values, chunk, dtype));
        return () -> finish(done, values, tensors);
    }

    @Override
    public Work broadcast(List<Tensor> tensors) {
        long bytes =
                tensors.stream().mapToLong(t -> (long) t.size() * dtype(tensors).bytes()).sum();
        MemorySegment values = stage(tensors, bytes);
        Future<?> done = thread.submit(() -> mpi.broadcast(values, bytes));
        return () -> finish(done, values, tensors);
    }

    @Override
    public void barrier() {
        join(thread.submit(mpi::barrier));
    }

    @Override
    public void abort(int code) {
        aborts = true;
        try {
            Future<?> end = thread.submit(() -> mpi.abort(code));
            end.get(ABORT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            // What is left to do is to end this process: the launcher then ends the others.
        }
        Runtime.getRuntime().halt(code);
    }

    @Override
    public void close() {
        join(thread.submit(mpi::end));
        thread.shutdown();
    }

    // ---- on MPI's thread ----

    private void sum(MemorySegment values, int chunk, DType dtype) {
        if (received.byteSize() < values.byteSize()) {
            received = Arena.ofAuto().allocate(values.byteSize(), Long.BYTES);
        }
        mpi.allToAll(values, received, chunk, dtype);
        if (dtype == DType.FLOAT32) {
            addFloats(values, chunk);
        } else {
            addDoubles(values, chunk);
        }
        mpi.allGather(values, chunk, dtype);
    }

    private void addFloats(MemorySegment values, int chunk) {
        float[] sums = new float[BLOCK];
        float[] next = new float[BLOCK];
        ValueLayout.OfFloat type = ValueLayout.JAVA_FLOAT;
        for (int at = 0; at < chunk; at += BLOCK) {
            int count = Math.min(BLOCK, chunk - at);
            MemorySegment.copy(received, type, 4L * at, sums, 0, count);
            for (int r = 1; r < size; r++) {
                MemorySegment.copy(received, type, 4L * ((long) r * chunk + at), next, 0, count);
                for (int i = 0; i < count; i++) {
                    sums[i] += next[i];
                }
            }
            MemorySegment.copy(sums, 0, values, type, 4L * ((long) rank * chunk + at), count);
        }
    }

    private void addDoubles(MemorySegment values, int chunk) {
        for (int i = 0; i < chunk; i++) {
            double sum = 0;
            for (int r = 0; r < size; r++) {
                sum += received.getAtIndex(ValueLayout.JAVA_DOUBLE, (long) r * chunk + i);
            }
            values.setAtIndex(ValueLayout.JAVA_DOUBLE, (long) rank * chunk + i, sum);
        }
    }

    // ---- on the caller's thread ----

    private static DType dtype(List<Tensor> tensors) {
        DType dtype = tensors.getFirst().dtype();
        for (Tensor tensor : tensors) {
            if (tensor.dtype() != dtype) {
                throw new IllegalArgumentException(
                        "tensors of " + dtype + " and " + tensor.dtype() + " in one exchange");
            }
        }
        return dtype;
    }

    private MemorySegment stage(List<Tensor> tensors, long bytes) {
        MemorySegment values = take(bytes);
        long at = 0;
        for (Tensor tensor : tensors) {
            HostBuffer host = hostBuffer(tensor);
            if (host != tensor.buffer()) {
                tensor.backend().copy(tensor.buffer(), host, tensor.size());
            }
            long length = (long) tensor.size() * tensor.dtype().bytes();
            MemorySegment.copy(host.segment(), 0, values, at, length);
            at += length;
        }
        return values;
    }

    private void finish(Future<?> done, MemorySegment values, List<Tensor> tensors) {
        join(done);
        long at = 0;
        for (Tensor tensor : tensors) {
            HostBuffer host = hostBuffer(tensor);
            long length = (long) tensor.size() * tensor.dtype().bytes();
            MemorySegment.copy(values, at, host.segment(), 0, length);
            if (host != tensor.buffer()) {
                tensor.backend().copy(host, tensor.buffer(), tensor.size());
            }
            at += length;
        }
        free.add(values);
    }

    /// The tensor's own memory, or where it is on a device, some on the way.
    private static HostBuffer hostBuffer(Tensor tensor) {
        return tensor.buffer() instanceof HostBuffer own
                ? own
                : HostBuffer.allocate(tensor.dtype(), tensor.size());
    }

    /// Memory of at least that size; steps ask for the same sizes again and again.
    private MemorySegment take(long bytes) {
        Optional<MemorySegment> fitting =
                free.stream()
                        .filter(one -> one.byteSize() >= bytes && one.byteSize() <= 2 * bytes)
                        .findFirst();
        fitting.ifPresent(free::remove);
        return fitting.orElseGet(() -> Arena.ofAuto().allocate(Math.max(bytes, 64), Long.BYTES));
    }

    private static <T> T join(Future<T> future) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    if (e.getCause() instanceof RuntimeException cause) {
                        throw cause;
                    }
                    throw new IllegalStateException(e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
