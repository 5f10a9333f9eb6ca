package athanor.train.distributed;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import athanor.engine.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// The functions of Open MPI that [Mpi] calls, all by one thread. Each returns when it is done;
/// while it waits, the thread sleeps in between, as the processor belongs to the kernels. (MPI's
/// own blocking calls would spin.) An error within MPI ends all ranks with MPI's own words.
///
/// Open MPI's handles are the addresses of variables; other MPIs have other handles.
final class OpenMpi {
    private static final List<String> NAMES = List.of("libmpi.so.40", "libmpi.so");
    static final String ADVICE =
            "install Open MPI (Debian: openmpi-bin), or set LD_LIBRARY_PATH to the folder of its libmpi.so";
    private static final int FUNNELED = 1;
    private static final int LONGEST_NAME = 256;
    private static final MemorySegment IN_PLACE = MemorySegment.ofAddress(1);
    private static final int SPINS = 200;
    private static final long NAP_NANOS = 20_000;
    private static final long LARGEST_MESSAGE = 1 << 30;

    private final SharedLibrary library = SharedLibrary.open(NAMES, ADVICE);
    private final MemorySegment world = library.symbol("ompi_mpi_comm_world");
    private final MemorySegment bytes = library.symbol("ompi_mpi_byte");
    private final MemorySegment floats = library.symbol("ompi_mpi_float");
    private final MemorySegment doubles = library.symbol("ompi_mpi_double");
    private final MethodHandle initialize =
            library.function("MPI_Init_thread", ADDRESS, ADDRESS, JAVA_INT, ADDRESS);
    private final MethodHandle commRank = library.function("MPI_Comm_rank", ADDRESS, ADDRESS);
    private final MethodHandle commSize = library.function("MPI_Comm_size", ADDRESS, ADDRESS);
    private final MethodHandle processorName =
            library.function("MPI_Get_processor_name", ADDRESS, ADDRESS);
    private final MethodHandle libraryVersion =
            library.function("MPI_Get_library_version", ADDRESS, ADDRESS);
    private final MethodHandle allToAll =
            library.function(
                    "MPI_Ialltoall",
                    ADDRESS,
                    JAVA_INT,
                    ADDRESS,
                    ADDRESS,
                    JAVA_INT,
                    ADDRESS,
                    ADDRESS,
                    ADDRESS);
    private final MethodHandle allGather =
            library.function(
                    "MPI_Iallgather",
                    ADDRESS,
                    JAVA_INT,
                    ADDRESS,
                    ADDRESS,
                    JAVA_INT,
                    ADDRESS,
                    ADDRESS,
                    ADDRESS);
    private final MethodHandle broadcast =
            library.function("MPI_Ibcast", ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, ADDRESS);
    private final MethodHandle barrier = library.function("MPI_Ibarrier", ADDRESS, ADDRESS);
    private final MethodHandle test = library.function("MPI_Test", ADDRESS, ADDRESS, ADDRESS);
    private final MethodHandle abort = library.function("MPI_Abort", ADDRESS, JAVA_INT);
    private final MethodHandle end = library.function("MPI_Finalize");

    private final MemorySegment request = Arena.global().allocate(ADDRESS);
    private final MemorySegment number = Arena.global().allocate(JAVA_INT);

    /// Asked while it waits; if true, the wait ends.
    private final BooleanSupplier isCancelled;

    OpenMpi(BooleanSupplier isCancelled) {
        this.isCancelled = isCancelled;
    }

    void initialize() {
        call(
                () ->
                        (int)
                                initialize.invokeExact(
                                        MemorySegment.NULL, MemorySegment.NULL, FUNNELED, number));
    }

    int rank() {
        call(() -> (int) commRank.invokeExact(world, number));
        return number.get(JAVA_INT, 0);
    }

    int size() {
        call(() -> (int) commSize.invokeExact(world, number));
        return number.get(JAVA_INT, 0);
    }

    String host() {
        MemorySegment name = Arena.global().allocate(LONGEST_NAME);
        call(() -> (int) processorName.invokeExact(name, number));
        return name.getString(0);
    }

    /// As in `Open MPI v4.1.4`; may be asked before [#initialize].
    String version() {
        MemorySegment text = Arena.global().allocate(LONGEST_NAME);
        call(() -> (int) libraryVersion.invokeExact(text, number));
        return text.getString(0).split(",", 2)[0];
    }

    String file() {
        return library.name();
    }

    /// Chunk j of `from` goes to rank j; chunk j of `to` comes from it.
    void allToAll(MemorySegment from, MemorySegment to, int chunk, DType dtype) {
        MemorySegment type = type(dtype);
        begin(() -> (int) allToAll.invokeExact(from, chunk, type, to, chunk, type, world, request));
    }

    /// Chunk j of each rank becomes that of rank j.
    void allGather(MemorySegment values, int chunk, DType dtype) {
        MemorySegment type = type(dtype);
        begin(
                () ->
                        (int)
                                allGather.invokeExact(
                                        IN_PLACE, chunk, type, values, chunk, type, world,
                                        request));
    }

    void broadcast(MemorySegment values, long length) {
        for (long at = 0; at < length; at += LARGEST_MESSAGE) {
            MemorySegment part = values.asSlice(at);
            int size = (int) Math.min(LARGEST_MESSAGE, length - at);
            begin(() -> (int) broadcast.invokeExact(part, size, bytes, 0, world, request));
        }
    }

    void barrier() {
        begin(() -> (int) barrier.invokeExact(world, request));
    }

    void abort(int code) {
        call(() -> (int) abort.invokeExact(world, code));
    }

    void end() {
        call(() -> (int) end.invokeExact());
    }

    private static void call(SharedLibrary.Call call) {
        int code = SharedLibrary.invoke(call);
        if (code != 0) {
            throw new CommunicatorProblem("MPI: error " + code);
        }
    }

    /// Starts an exchange and waits for its end.
    private void begin(SharedLibrary.Call exchange) {
        call(exchange);
        for (int i = 0; !isDone(); i++) {
            if (isCancelled.getAsBoolean()) {
                throw new CommunicatorProblem("the exchange was given up");
            }
            if (i < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(NAP_NANOS);
            }
        }
    }

    private boolean isDone() {
        call(() -> (int) test.invokeExact(request, number, MemorySegment.NULL));
        return number.get(JAVA_INT, 0) != 0;
    }

    private MemorySegment type(DType dtype) {
        return switch (dtype) {
            case FLOAT32 -> floats;
            case FLOAT64 -> doubles;
            default ->
                    throw new IllegalArgumentException(
                            "allReduce: sums are of floats, not " + dtype);
        };
    }
}
