package athanor.nn;

import athanor.engine.Communicator;
import athanor.engine.GradMode;
import athanor.engine.Moments;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.engine.operation.Convolution;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// y = weight (x - mean) / sqrt(variance + 1e-5) + bias for each channel. Ioffe and Szegedy 2015.
///
/// In training the mean and variance are those of the batch, and the running ones follow them:
/// `running = 0.9 running + 0.1 batch`, with the variance divided by count - 1. In evaluation the
/// running ones are used. Blocks call it together with the convolution before it and the ReLU
/// behind it, which a backend does in fewer passes over memory; in evaluation without gradients it
/// is folded into the convolution. [#synchronize] makes the batch that of all ranks together.
public final class BatchNorm2d extends Module {
    private static final double EPSILON = 1e-5;

    private final Parameter weight;
    private final Parameter bias;
    private final Parameter runningMean;
    private final Parameter runningVariance;
    private final double momentum;
    private Communicator ranks = Communicator.single();

    public BatchNorm2d(int channels) {
        this(channels, 0.1);
    }

    /// With another share of the batch in the running mean and variance.
    public BatchNorm2d(int channels, double momentum) {
        this.momentum = momentum;
        Shape shape = Shape.of(channels);
        weight = parameter("weight", shape, Initializer.ones());
        bias = parameter("bias", shape, Initializer.zeros());
        runningMean = buffer("running_mean", shape, 0);
        runningVariance = buffer("running_var", shape, 1);
    }

    /// From now on the moments of a batch, and their gradients, are over these ranks.
    public void synchronize(Communicator with) {
        ranks = with;
    }

    /// Leaves the weight at 1: a norm that only shifts. Returns this norm.
    public BatchNorm2d fixedScale() {
        weight.freeze(true);
        return this;
    }

    @Override
    protected Tensor compute(Tensor x) {
        return isTraining()
                ? ofBatch(x, x.moments(), Optional.empty(), false)
                : ofRunning(x, Optional.empty(), false);
    }

    /// norm(conv(x)).
    public Tensor of(Conv2d conv, Tensor x) {
        return behind(conv, x, Optional.empty(), false);
    }

    /// max(norm(conv(x)), 0).
    public Tensor relu(Conv2d conv, Tensor x) {
        return behind(conv, x, Optional.empty(), true);
    }

    /// max(norm(conv(x)) + shortcut, 0).
    public Tensor addRelu(Conv2d conv, Tensor x, Tensor shortcut) {
        return behind(conv, x, Optional.of(shortcut), true);
    }

    private Tensor behind(Conv2d conv, Tensor x, Optional<Tensor> residual, boolean relu) {
        return run(
                x,
                () -> {
                    if (isTraining()) {
                        Convolution.WithMoments z = conv.withMoments(x);
                        return ofBatch(z.y(), z.moments(), residual, relu);
                    }
                    if (GradMode.isEnabled()) {
                        return ofRunning(conv.forward(x), residual, relu);
                    }
                    Tensor scale = scale();
                    return conv.folded(x, scale, shift(scale), residual, relu);
                });
    }

    /// In evaluation, y = scale x + shift.
    private Tensor scale() {
        return runningVariance.tensor().add(EPSILON).rsqrt().mul(weight.tensor());
    }

    private Tensor shift(Tensor scale) {
        return bias.tensor().sub(runningMean.tensor().mul(scale));
    }

    @Override
    public String writeTo(GraphWriter graph, String x) {
        List<String> inputs =
                List.of(
                        x,
                        graph.constant(weight),
                        graph.constant(bias),
                        graph.constant(runningMean),
                        graph.constant(runningVariance));
        return graph.add(
                "BatchNormalization", inputs, Map.of("epsilon", EPSILON, "momentum", 1 - momentum));
    }

    /// norm(conv(x)).
    public String writeTo(GraphWriter graph, Conv2d conv, String x) {
        if (!graph.foldsNorms()) {
            return writeTo(graph, conv.writeTo(graph, x));
        }
        Tensor scale = scale();
        return conv.writeFolded(graph, x, scale, shift(scale), bias);
    }

    /// max(norm(conv(x)), 0).
    public String writeRelu(GraphWriter graph, Conv2d conv, String x) {
        return graph.add("Relu", writeTo(graph, conv, x));
    }

    private Tensor ofBatch(Tensor x, Moments own, Optional<Tensor> residual, boolean relu) {
        int rows = x.size() / Math.max(1, weight.size());
        Moments batch = own.over(ranks, rows);
        follow(batch, Math.round(rows / batch.share()));
        return x.batchNorm(batch, true, weight.tensor(), bias.tensor(), EPSILON, residual, relu);
    }

    private Tensor ofRunning(Tensor x, Optional<Tensor> residual, boolean relu) {
        Moments running = new Moments(runningMean.tensor(), runningVariance.tensor());
        return x.batchNorm(running, false, weight.tensor(), bias.tensor(), EPSILON, residual, relu);
    }

    private void follow(Moments batch, long count) {
        double unbiased = (double) count / Math.max(1, count - 1);
        try (Workspace _ = Workspace.open()) {
            follow(runningMean.tensor(), batch.mean().mul(momentum));
            follow(runningVariance.tensor(), batch.variance().mul(momentum * unbiased));
        }
    }

    private void follow(Tensor running, Tensor share) {
        running.assign(running.mul(1 - momentum).add(share));
    }
}
