package athanor.train.distributed;

import athanor.engine.Backend;
import athanor.engine.Communicator;
import athanor.engine.DeviceBuffer;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.backend.Cuda;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;

/// Ranks with a GPU each: what lies on the GPU goes from GPU to GPU by NCCL, in a stream beside
/// that of the kernels; what lies on the host goes by the other communicator, which also brings the
/// ranks together.
///
/// NCCL fixes the order of its sums by the number of ranks and how the GPUs are connected, not by
/// the clock: the same machines give the same bits, others may not.
public final class Nccl implements Communicator {
    private final Communicator hosts;
    private final NcclLibrary nccl;
    private final Cuda gpu;
    private final MemorySegment comm;

    private Nccl(Communicator hosts, NcclLibrary nccl, Cuda gpu, MemorySegment comm) {
        this.hosts = hosts;
        this.nccl = nccl;
        this.gpu = gpu;
        this.comm = comm;
    }

    /// Joins the GPUs of the ranks of `hosts`, with an id that rank 0 makes.
    ///
    /// @throws CommunicatorProblem what NCCL refuses
    static Nccl open(Communicator hosts, Cuda gpu) {
        NcclLibrary nccl = new NcclLibrary();
        byte[] own = hosts.isRoot() ? nccl.uniqueId() : new byte[NcclLibrary.ID_BYTES];
        Tensor id = Tensor.of(Backend.cpu(), Shape.of(own.length), HostBuffer.of(own));
        hosts.broadcast(List.of(id)).await();
        byte[] shared = id.buffer() instanceof HostBuffer host ? host.bytes() : own;
        return new Nccl(hosts, nccl, gpu, nccl.initialize(hosts.size(), shared, hosts.rank()));
    }

    /// The version that is installed, as in `2.23.4`.
    public static Optional<String> installed() {
        try {
            int version = new NcclLibrary().version();
            return Optional.of(
                    "%d.%d.%d".formatted(version / 10_000, version / 100 % 100, version % 100));
        } catch (CommunicatorProblem e) {
            return Optional.empty();
        }
    }

    @Override
    public String name() {
        return "nccl";
    }

    @Override
    public int rank() {
        return hosts.rank();
    }

    @Override
    public int size() {
        return hosts.size();
    }

    @Override
    public Work allReduce(List<Tensor> tensors) {
        return onHost(tensors)
                ? hosts.allReduce(tensors)
                : beside(
                        stream ->
                                tensors.forEach(
                                        t ->
                                                nccl.allReduce(
                                                        address(t),
                                                        t.size(),
                                                        t.dtype(),
                                                        comm,
                                                        stream)));
    }

    @Override
    public Work broadcast(List<Tensor> tensors) {
        return onHost(tensors)
                ? hosts.broadcast(tensors)
                : beside(
                        stream ->
                                tensors.forEach(
                                        t ->
                                                nccl.broadcast(
                                                        address(t),
                                                        t.size(),
                                                        t.dtype(),
                                                        comm,
                                                        stream)));
    }

    private Work beside(LongConsumer calls) {
        Runnable join = gpu.beside(stream -> nccl.group(() -> calls.accept(stream)));
        return () -> {
            nccl.check(comm);
            join.run();
        };
    }

    private static boolean onHost(List<Tensor> tensors) {
        return tensors.getFirst().buffer() instanceof HostBuffer;
    }

    private static long address(Tensor tensor) {
        if (tensor.buffer() instanceof DeviceBuffer device) {
            return device.address();
        }
        throw new IllegalArgumentException("tensors of the GPU and of the host in one exchange");
    }

    @Override
    public void barrier() {
        hosts.barrier();
    }

    @Override
    public void abort(int code) {
        hosts.abort(code);
    }

    @Override
    public void close() {
        nccl.destroy(comm);
        hosts.close();
    }
}
