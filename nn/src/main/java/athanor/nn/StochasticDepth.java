package athanor.nn;

import athanor.engine.Shape;
import athanor.engine.Tensor;
import java.util.List;

/// Leaves the branch of a residual block out, for each image of a batch with a probability; where
/// it stays it grows so that the expectation stays. In evaluation, y = x. Huang et al. 2016.
public final class StochasticDepth extends Module {
    private double probability;

    /// Block l of L blocks is left out with probability l / L times that of the last.
    public static void set(Module network, double last) {
        List<StochasticDepth> all =
                network.modules().values().stream()
                        .filter(StochasticDepth.class::isInstance)
                        .map(StochasticDepth.class::cast)
                        .toList();
        for (int i = 0; i < all.size(); i++) {
            all.get(i).probability = last * (i + 1) / all.size();
        }
    }

    /// Whether it does anything now.
    public boolean isActive() {
        return isTraining() && probability > 0;
    }

    @Override
    protected Tensor compute(Tensor x) {
        if (!isActive()) {
            return x;
        }
        Shape one = Shape.of(x.shape().dim(0), 1, 1, 1);
        Tensor kept = Tensor.full(x.backend(), x.dtype(), one, 1).dropout(probability);
        return x.mul(kept);
    }
}
