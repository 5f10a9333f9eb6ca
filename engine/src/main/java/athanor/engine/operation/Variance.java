package athanor.engine.operation;

import athanor.engine.Shape;
import athanor.engine.Tensor;

/// y = mean of (x - mean)^2 over axes. dx = 2 dy (x - mean) / count.
public final class Variance {
    private Variance() {}

    public static Tensor variance(Tensor x, int... named) {
        Shape kept = Raw.keptShape(x.shape(), Raw.axes(x.shape(), named));
        return x.sub(x.mean(named).reshape(kept.dims())).square().mean(named);
    }
}
