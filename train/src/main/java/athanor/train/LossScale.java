package athanor.train;

import athanor.engine.DType;
import athanor.engine.Gradients;
import athanor.engine.Tensor;

/// What the loss is multiplied by, so that its gradients do not vanish in float16, whose smallest
/// number is 6e-8; they are divided by it before the update. A step with a gradient that is not
/// finite is left out and the scale halved; after 2000 steps without one it is doubled. That is
/// PyTorch's `GradScaler` (Micikevicius et al. 2018). bfloat16 has a float's range and needs none.
///
/// @param factor a power of two; 1 for none
/// @param steady steps since it changed last
public record LossScale(double factor, int steady) {
    public static final LossScale NONE = new LossScale(1, 0);
    private static final LossScale INITIAL = new LossScale(1 << 16, 0);
    private static final double GROWTH = 2;
    private static final double BACKOFF = 0.5;
    private static final int INTERVAL = 2000;

    /// Below it, gradients would have to be larger than 2^26 each time.
    private static final double LEAST = 1.0 / 1024;

    /// The type that `--amp` casts to; FLOAT32 for none.
    static DType type(Settings settings) {
        return switch (settings.word(Setting.AMP)) {
            case "fp16" -> DType.FLOAT16;
            case "bf16" -> DType.BFLOAT16;
            default -> DType.FLOAT32;
        };
    }

    /// The one to go on with: `before`, if it is one for float16 and that is what is trained in.
    public static LossScale of(Settings settings, LossScale before) {
        if (type(settings) != DType.FLOAT16) {
            return NONE;
        }
        return before.isNone() ? INITIAL : before;
    }

    boolean isNone() {
        return equals(NONE);
    }

    /// The loss to go backward from.
    public Tensor of(Tensor loss) {
        return isNone() ? loss : loss.mul(factor);
    }

    /// Divides the gradients by the factor, in place; says whether all are finite, and may go into
    /// the parameters.
    public boolean unscale(Gradients gradients) {
        if (isNone()) {
            return true;
        }
        gradients.scale(1 / factor);
        return gradients.areFinite();
    }

    /// The one of the next step.
    LossScale after(boolean finite) {
        if (isNone()) {
            return this;
        }
        if (!finite) {
            if (factor < LEAST) {
                throw new TrainingProblem(
                        "gradients are not finite at a loss scale of "
                                + factor
                                + ": the training has diverged; use --amp bf16, or a lower --lr or --max-lr");
            }
            return new LossScale(factor * BACKOFF, 0);
        }
        return steady + 1 == INTERVAL
                ? new LossScale(factor * GROWTH, 0)
                : new LossScale(factor, steady + 1);
    }
}
