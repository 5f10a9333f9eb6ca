package athanor.engine.operation;

import athanor.engine.Shape;
import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.reduce.Reduction;

/// y = sum of x over axes. dx = dy, repeated along them.
public final class Sum {
    private Sum() {}

    /// The sum over the axes, which vanish; none named means all.
    public static Tensor sum(Tensor x, int... named) {
        Shape shape = x.shape();
        boolean[] axes = Raw.axes(shape, named);
        Tensor y = Raw.reduce(Reduction.SUM, x, axes, false);
        return Tape.record(
                "sum",
                y,
                Tape.edge(x, dy -> Expand.repeat(dy.viewAs(Raw.keptShape(shape, axes)), shape)));
    }

    /// The sum over the axes along which `smaller` stretches to the shape of x; x itself where
    /// there are none.
    public static Tensor sumTo(Tensor x, Shape smaller) {
        if (x.shape().equals(smaller)) {
            return x;
        }
        int[] strides = smaller.stridesIn(x.shape());
        int ahead = x.shape().rank() - smaller.rank();
        boolean[] axes = new boolean[strides.length];
        for (int i = 0; i < axes.length; i++) {
            axes[i] = i < ahead || (smaller.dim(i - ahead) == 1 && x.shape().dim(i) != 1);
        }
        return Raw.reduce(Reduction.SUM, x, axes, true).viewAs(smaller);
    }
}
