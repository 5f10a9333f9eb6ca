package athanor.train.distributed;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import athanor.engine.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SequenceLayout;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;

/// The functions of NVIDIA's NCCL 2 that [Nccl] calls. What it refuses is a [CommunicatorProblem]
/// with its own words.
final class NcclLibrary {
    static final int ID_BYTES = 128;
    private static final String ADVICE =
            "install NCCL 2 (Debian and Ubuntu from NVIDIA's repository: libnccl2), or set LD_LIBRARY_PATH to its folder";
    private static final int SUM = 0;
    private static final SequenceLayout BYTES = MemoryLayout.sequenceLayout(ID_BYTES, JAVA_BYTE);
    /// `ncclUniqueId`, which is passed by value.
    private static final StructLayout ID = MemoryLayout.structLayout(BYTES);

    private final SharedLibrary library = SharedLibrary.open(names(), ADVICE);
    private final MethodHandle version = library.function("ncclGetVersion", ADDRESS);
    private final MethodHandle uniqueId = library.function("ncclGetUniqueId", ADDRESS);
    private final MethodHandle initialize =
            library.function("ncclCommInitRank", ADDRESS, JAVA_INT, ID, JAVA_INT);
    private final MethodHandle allReduce =
            library.function(
                    "ncclAllReduce",
                    ADDRESS,
                    ADDRESS,
                    JAVA_LONG,
                    JAVA_INT,
                    JAVA_INT,
                    ADDRESS,
                    ADDRESS);
    private final MethodHandle broadcast =
            library.function(
                    "ncclBroadcast",
                    ADDRESS,
                    ADDRESS,
                    JAVA_LONG,
                    JAVA_INT,
                    JAVA_INT,
                    ADDRESS,
                    ADDRESS);
    private final MethodHandle groupStart = library.function("ncclGroupStart");
    private final MethodHandle groupEnd = library.function("ncclGroupEnd");
    private final MethodHandle asyncError =
            library.function("ncclCommGetAsyncError", ADDRESS, ADDRESS);
    private final MethodHandle destroy = library.function("ncclCommDestroy", ADDRESS);
    private final MethodHandle errorString =
            library.addressFunction("ncclGetErrorString", JAVA_INT);

    /// In the folders of ATHANOR_CUDA_LIBRARIES, then where the system looks.
    private static List<String> names() {
        List<String> names = new ArrayList<>();
        String folders = System.getenv().getOrDefault("ATHANOR_CUDA_LIBRARIES", "");
        for (String folder : folders.split(":", -1)) {
            if (!folder.isEmpty()) {
                names.add(folder + "/libnccl.so.2");
            }
        }
        names.add("libnccl.so.2");
        names.add("libnccl.so");
        return names;
    }

    /// As in 22304 for 2.23.4.
    int version() {
        MemorySegment number = Arena.ofAuto().allocate(JAVA_INT);
        call("ncclGetVersion", () -> (int) version.invokeExact(number));
        return number.get(JAVA_INT, 0);
    }

    /// What rank 0 makes and all ranks need for [#initialize].
    byte[] uniqueId() {
        MemorySegment id = Arena.ofAuto().allocate(ID);
        call("ncclGetUniqueId", () -> (int) uniqueId.invokeExact(id));
        return id.toArray(JAVA_BYTE);
    }

    /// Joins the ranks that have the id, with the GPU of the current context; returns the handle.
    MemorySegment initialize(int size, byte[] id, int rank) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment handle = arena.allocate(ADDRESS);
            MemorySegment copy = arena.allocate(ID);
            MemorySegment.copy(id, 0, copy, JAVA_BYTE, 0, ID_BYTES);
            call("ncclCommInitRank", () -> (int) initialize.invokeExact(handle, size, copy, rank));
            return handle.get(ADDRESS, 0);
        }
    }

    /// What `calls` give is done as one.
    void group(Runnable calls) {
        call("ncclGroupStart", () -> (int) groupStart.invokeExact());
        calls.run();
        call("ncclGroupEnd", () -> (int) groupEnd.invokeExact());
    }

    /// In place, asynchronously.
    void allReduce(long address, long count, DType dtype, MemorySegment comm, long stream) {
        MemorySegment at = MemorySegment.ofAddress(address);
        MemorySegment queue = MemorySegment.ofAddress(stream);
        int type = type(dtype);
        call(
                "ncclAllReduce",
                () -> (int) allReduce.invokeExact(at, at, count, type, SUM, comm, queue));
    }

    /// In place, from rank 0, asynchronously.
    void broadcast(long address, long count, DType dtype, MemorySegment comm, long stream) {
        MemorySegment at = MemorySegment.ofAddress(address);
        MemorySegment queue = MemorySegment.ofAddress(stream);
        int type = type(dtype);
        call(
                "ncclBroadcast",
                () -> (int) broadcast.invokeExact(at, at, count, type, 0, comm, queue));
    }

    /// Throws what has gone wrong in work that was begun earlier.
    void check(MemorySegment comm) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = arena.allocate(JAVA_INT);
            call("ncclCommGetAsyncError", () -> (int) asyncError.invokeExact(comm, result));
            call("an earlier call", () -> result.get(JAVA_INT, 0));
        }
    }

    void destroy(MemorySegment comm) {
        call("ncclCommDestroy", () -> (int) destroy.invokeExact(comm));
    }

    /// The `ncclDataType_t`.
    private static int type(DType dtype) {
        return switch (dtype) {
            case UINT8 -> 1;
            case INT32 -> 2;
            case FLOAT16 -> 6;
            case FLOAT32 -> 7;
            case FLOAT64 -> 8;
            case BFLOAT16 -> 9;
        };
    }

    private void call(String name, SharedLibrary.Call call) {
        int code = SharedLibrary.invoke(call);
        if (code != 0) {
            throw new CommunicatorProblem(
                    "NCCL: %s: %s; NCCL_DEBUG=INFO in the environment says more"
                            .formatted(name, words(code)));
        }
    }

    private String words(int code) {
        try {
            return SharedLibrary.text((MemorySegment) errorString.invokeExact(code));
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
