package athanor.nn;

import athanor.engine.Tensor;
import java.util.List;
import java.util.Map;

/// `y[c] = x[c] / (k + alpha / size * sum of x[j]^2)^beta`, j over the `size` channels around c.
/// Krizhevsky, Sutskever, Hinton 2012.
public final class LocalResponseNorm extends Module {
    private final int size;
    private final double alpha;
    private final double beta;
    private final double k;

    /// With PyTorch's alpha 0.0001, beta 0.75 and k 1.
    public LocalResponseNorm(int size) {
        this(size, 1e-4, 0.75, 1);
    }

    public LocalResponseNorm(int size, double alpha, double beta, double k) {
        this.size = size;
        this.alpha = alpha;
        this.beta = beta;
        this.k = k;
    }

    @Override
    protected Tensor compute(Tensor x) {
        return x.localResponseNorm(size, alpha, beta, k);
    }

    @Override
    public String writeTo(GraphWriter graph, String x) {
        return graph.add(
                "LRN", List.of(x), Map.of("size", size, "alpha", alpha, "beta", beta, "bias", k));
    }
}
