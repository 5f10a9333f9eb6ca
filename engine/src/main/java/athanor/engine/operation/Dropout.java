package athanor.engine.operation;

import athanor.engine.Tensor;
import athanor.kernels.random.PhiloxKey;

/// y = x m, m = 0 with probability p, else 1 / (1 - p). dx = dy m. Srivastava et al. 2014.
public final class Dropout {
    private Dropout() {}

    /// The mask depends on the key and the shape alone.
    public static Tensor dropout(Tensor x, double probability, PhiloxKey key) {
        if (!(probability >= 0 && probability < 1)) {
            throw new IllegalArgumentException(
                    "dropout: probability " + probability + "; it must be in [0, 1)");
        }
        Tensor mask = x.emptyLike(x.shape());
        x.backend().dropoutMask(key, probability, mask.buffer(), x.size());
        return x.mul(mask);
    }
}
