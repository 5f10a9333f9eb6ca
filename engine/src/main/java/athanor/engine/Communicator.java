package athanor.engine;

import java.util.List;

/// The processes that train together, called ranks: each has the whole model and its part of every
/// batch. All ranks make the same calls in the same order, with tensors of the same shapes.
///
/// Sums are added in the order of the ranks, so all ranks get the same bits, and a run with the
/// same number of ranks gets them again.
public interface Communicator extends AutoCloseable {
    /// An exchange that goes on while the caller does other work.
    @FunctionalInterface
    interface Work {
        /// Returns when the tensors hold the result; to be called once.
        void await();
    }

    /// The only rank: nothing is sent anywhere.
    static Communicator single() {
        return SingleRank.INSTANCE;
    }

    /// What carries the messages: `single`, `mpi`, `nccl`.
    String name();

    /// The number of this process, from 0.
    int rank();

    /// How many ranks there are.
    int size();

    /// Begins to replace each element by its sum over all ranks. The tensors are of one type,
    /// FLOAT32 or FLOAT64, and are not to be touched before the end.
    Work allReduce(List<Tensor> tensors);

    /// Begins to replace each element by that of rank 0. The tensors are of one type.
    Work broadcast(List<Tensor> tensors);

    /// Returns when all ranks have come here.
    void barrier();

    /// Ends all ranks, this one with the exit code; does not return where there are others.
    void abort(int code);

    /// Leaves in peace, when all ranks do.
    @Override
    void close();

    /// Whether this is the rank that prints, logs and writes files.
    default boolean isRoot() {
        return rank() == 0;
    }

    /// The sums over all ranks.
    default double[] sum(double... values) {
        if (size() == 1) {
            return values;
        }
        Tensor sums =
                Tensor.of(Backend.cpu(), Shape.of(values.length), HostBuffer.of(values.clone()));
        allReduce(List.of(sums)).await();
        return sums.toDoubles();
    }
}
