package athanor.train;

import athanor.engine.Backend;
import athanor.engine.Communicator;
import athanor.engine.DType;
import athanor.engine.Gradients;
import athanor.engine.HostBuffer;
import athanor.engine.Repeated;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.engine.operation.CrossEntropy;
import athanor.kernels.optimize.UpdateRule;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Module;
import java.util.List;

/// Forward, loss, backward and optimizer for batches of one size. The batch, and what the step says
/// of it, lie at fixed places, and the step reads nothing back: so a GPU repeats it as a whole, see
/// [Repeated], and the program goes on at once.
public final class TrainingStep implements AutoCloseable {
    private final Module model;
    private final Optimizer optimizer;
    private final LossScale scale;
    private final double labelSmoothing;
    private final Tensor images;
    private final Tensor labels;
    private final Tensor result;
    private final Repeated work;
    private DataParallel ranks = new DataParallel(Communicator.single());
    private double weight = 1;

    /// @param images of a batch, `[N, H, W, C]`
    /// @param repeats whether a GPU may record the step
    public TrainingStep(
            Module model,
            Optimizer optimizer,
            LossScale scale,
            double labelSmoothing,
            Backend backend,
            Shape images,
            boolean repeats) {
        this.model = model;
        this.optimizer = optimizer;
        this.scale = scale;
        this.labelSmoothing = labelSmoothing;
        this.images = outside(backend, DType.FLOAT32, images);
        labels = outside(backend, DType.INT32, Shape.of(images.dim(0)));
        result = outside(backend, DType.FLOAT32, Shape.of(1, 2));
        work = repeats ? Repeated.of(backend, this::compute) : Repeated.plainly(this::compute);
    }

    private static Tensor outside(Backend backend, DType dtype, Shape shape) {
        return Workspace.outside(() -> Tensor.zeros(backend, dtype, shape));
    }

    /// The batch that was loaded.
    public Tensor images() {
        return images;
    }

    /// From now on the batch counts as `share` of one of all these ranks.
    public void over(DataParallel others, double share) {
        ranks = others;
        weight = share;
    }

    /// The next batch. The arrays may be changed when the call returns.
    public void load(float[] nextImages, int[] nextLabels) {
        Backend backend = images.backend();
        backend.copy(HostBuffer.of(nextImages), images.buffer(), images.size());
        backend.copy(HostBuffer.of(nextLabels), labels.buffer(), labels.size());
    }

    /// Starts the step on the batch that was loaded.
    public void run(Schedule.Rate rate, PhiloxKey key) {
        work.run(key, optimizer.advance(rate));
    }

    private void compute(List<UpdateRule> rules) {
        try (Workspace _ = Workspace.open()) {
            Tensor logits = model.forward(images);
            Tensor targets = CrossEntropy.targets(logits, labels, labelSmoothing);
            Tensor loss = logits.crossEntropySoft(targets);
            Gradients gradients = ranks.backward(scale.of(loss), weight);
            if (scale.unscale(gradients)) {
                optimizer.apply(rules, gradients);
            }
            Tensor found = logits.argmax(1).cast(DType.FLOAT32);
            Tensor correct = found.equalTo(labels.cast(DType.FLOAT32)).sum();
            result.assign(Tensor.concat(1, loss.reshape(1, 1), correct.reshape(1, 1)));
        }
    }

    /// `[1, 2]`: the mean loss of the batch, and how many images were classified rightly.
    public Tensor result() {
        return result;
    }

    @Override
    public void close() {
        work.close();
    }
}
