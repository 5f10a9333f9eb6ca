package athanor.train;

import athanor.engine.Communicator;
import athanor.engine.Gradients;
import athanor.engine.Tensor;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Module;
import athanor.nn.Parameter;
import java.util.ArrayList;
import java.util.List;

/// Training over ranks: each has the whole model and a part of every batch, and gradients are
/// summed before the update, so that all parameters stay the same. Li et al., "PyTorch
/// Distributed", 2020.
///
/// Gradients are ready last layer first. They are collected in buckets, and a full bucket is on its
/// way while the backward pass goes on with the layers before it.
public final class DataParallel {
    /// More, and less of the exchange is hidden behind the backward pass; fewer, and its latency
    /// counts more often.
    public static final long BUCKET_BYTES = 8 << 20;

    private final Communicator ranks;
    private final long bucketBytes;

    public DataParallel(Communicator ranks) {
        this(ranks, BUCKET_BYTES);
    }

    /// With buckets of another size.
    public DataParallel(Communicator ranks, long bucketBytes) {
        this.ranks = ranks;
        this.bucketBytes = bucketBytes;
    }

    /// Gives all ranks the parameters and buffers of rank 0.
    void start(Module model) {
        List<Tensor> parameters = tensors(model.parameters().values());
        if (ranks.size() > 1 && !parameters.isEmpty()) {
            ranks.broadcast(parameters).await();
        }
        shareBuffers(model);
    }

    /// Gives all ranks the running statistics of rank 0: before an evaluation, for they follow each
    /// rank's own images.
    void shareBuffers(Module model) {
        List<Tensor> buffers = tensors(model.buffers().values());
        if (ranks.size() > 1 && !buffers.isEmpty()) {
            ranks.broadcast(buffers).await();
        }
    }

    private static List<Tensor> tensors(Iterable<Parameter> parameters) {
        List<Tensor> tensors = new ArrayList<>();
        parameters.forEach(parameter -> tensors.add(parameter.tensor()));
        return tensors;
    }

    /// The gradients of the mean loss over the whole batch, the same on all ranks.
    ///
    /// @param loss the mean over this rank's part
    /// @param weight what that counts in the whole: [athanor.train.data.Batch#weight]
    public Gradients backward(Tensor loss, double weight) {
        if (ranks.size() == 1) {
            return loss.backward();
        }
        Buckets buckets = new Buckets();
        Tensor dLoss = Tensor.full(loss.backend(), loss.dtype(), loss.shape(), weight);
        Gradients gradients = loss.backward(dLoss, (_, gradient) -> buckets.add(gradient));
        buckets.finish();
        return gradients;
    }

    /// Whether one rank is all there is.
    boolean isAlone() {
        return ranks.size() == 1;
    }

    /// Whether it holds on any of the ranks.
    boolean any(boolean here) {
        return isAlone() ? here : ranks.sum(here ? 1 : 0)[0] > 0;
    }

    /// The most parts that the part of a batch can be cut into on every rank.
    int mostParts(int wholeSize) {
        return Math.max(1, wholeSize / ranks.size());
    }

    /// Sums over all ranks, of what was counted on each.
    double[] sum(double... values) {
        return ranks.sum(values);
    }

    /// A key for what differs between ranks, such as the elements that dropout drops; rank 0 has
    /// the key itself.
    PhiloxKey own(PhiloxKey key) {
        return ranks.isRoot() ? key : key.derive("rank").derive(ranks.rank());
    }

    /// The gradients of one backward pass, on their way.
    private final class Buckets {
        private final List<Communicator.Work> underWay = new ArrayList<>();
        private List<Tensor> open = new ArrayList<>();
        private long bytes;

        void add(Tensor gradient) {
            if (!open.isEmpty() && open.getFirst().dtype() != gradient.dtype()) {
                send();
            }
            open.add(gradient);
            bytes += (long) gradient.size() * gradient.dtype().bytes();
            if (bytes >= bucketBytes) {
                send();
            }
        }

        private void send() {
            underWay.add(ranks.allReduce(open));
            open = new ArrayList<>();
            bytes = 0;
        }

        void finish() {
            if (!open.isEmpty()) {
                send();
            }
            underWay.forEach(Communicator.Work::await);
        }
    }
}
