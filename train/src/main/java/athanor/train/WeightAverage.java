package athanor.train;

import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.nn.Module;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/// Copies of a model's parameters and buffers that follow them: `average = d average + (1 - d)
/// weights`.
///
/// The moving average (`--ema`) is what evaluation sees; as in TensorFlow, d is at most `(1 + t) /
/// (10 + t)` after t steps, so that the first weights are soon forgotten. Lookahead's slow weights
/// (`--lookahead`; Zhang et al. 2019, in airbench's form) are followed every 5 steps, d growing
/// with the cube of the part of the training that is over, and the model is set back to them.
final class WeightAverage {
    private static final int EVERY = 5;

    private final Map<String, Tensor> weights = new LinkedHashMap<>();
    private final Map<String, Tensor> average = new LinkedHashMap<>();

    WeightAverage(Module model) {
        model.parameters().forEach((name, value) -> weights.put(name, value.tensor()));
        model.buffers().forEach((name, value) -> weights.put(name, value.tensor()));
        weights.forEach((name, value) -> average.put(name, Workspace.outside(() -> copy(value))));
    }

    private static Tensor copy(Tensor x) {
        Tensor y = x.emptyLike(x.shape());
        y.assign(x);
        return y;
    }

    /// By the names of the model: part of a checkpoint.
    Map<String, Tensor> state() {
        return average;
    }

    /// After so many steps.
    void follow(double decay, long steps) {
        follow(Math.min(decay, (1.0 + steps) / (10.0 + steps)));
    }

    /// After so many of all steps.
    void lead(double decay, long steps, long all) {
        if (steps >= all) {
            average.forEach(this::setBack);
        } else if (steps % EVERY == 0) {
            double part = (double) steps / all;
            follow(StrictMath.pow(decay, EVERY) * part * part * part);
            average.forEach(this::setBack);
        }
    }

    private void follow(double decay) {
        average.forEach(
                (name, mean) -> {
                    try (Workspace _ = Workspace.open()) {
                        mean.assign(mean.mul(decay).add(weight(name).alias().mul(1 - decay)));
                    }
                });
    }

    private void setBack(String name, Tensor mean) {
        weight(name).assign(mean);
    }

    /// Runs the body with the average in the model's place.
    <T> T instead(Supplier<T> body) {
        exchange();
        try {
            return body.get();
        } finally {
            exchange();
        }
    }

    private void exchange() {
        average.forEach(
                (name, mean) -> {
                    try (Workspace _ = Workspace.open()) {
                        Tensor weight = weight(name);
                        Tensor kept = copy(weight);
                        weight.assign(mean);
                        mean.assign(kept);
                    }
                });
    }

    private Tensor weight(String name) {
        Tensor weight = weights.get(name);
        if (weight == null) {
            throw new IllegalStateException("the model has no " + name);
        }
        return weight;
    }
}
