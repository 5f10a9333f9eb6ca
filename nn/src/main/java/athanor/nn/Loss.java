package athanor.nn;

import athanor.engine.DType;
import athanor.engine.Tensor;

/// A single number that says how far a model's outputs are from what was wanted: the mean over the
/// batch.
@FunctionalInterface
public interface Loss {
    Tensor of(Tensor output, Tensor target);

    /// Cross-entropy of logits `[N, classes]`. Targets are INT32 labels `[N]`, or soft ones of the
    /// logits' shape, as mixing images makes them. With smoothing s, a target t becomes
    /// `(1 - s) t + s / classes`.
    static Loss crossEntropy(double smoothing) {
        if (!(smoothing >= 0 && smoothing < 1)) {
            throw new IllegalArgumentException(
                    "label smoothing " + smoothing + "; it must be in [0, 1)");
        }
        return (logits, target) -> {
            if (target.dtype() == DType.INT32) {
                return logits.crossEntropy(target, smoothing);
            }
            if (smoothing == 0) {
                return logits.crossEntropySoft(target);
            }
            double share = smoothing / logits.shape().dim(-1);
            return logits.crossEntropySoft(target.mul(1 - smoothing).add(share));
        };
    }

    /// The mean of (output - target)^2 over all elements.
    static Loss meanSquaredError() {
        return (output, target) -> output.sub(target).square().mean();
    }
}
