package athanor.engine.operation;

import athanor.engine.Tensor;

/// y = sum of x over axes / count. dx = dy / count, repeated along them.
public final class Mean {
    private Mean() {}

    public static Tensor mean(Tensor x, int... named) {
        boolean[] axes = Raw.axes(x.shape(), named);
        int count = x.size() / Math.max(1, Raw.keptShape(x.shape(), axes).size());
        return x.sum(named).mul(1.0 / count);
    }
}
