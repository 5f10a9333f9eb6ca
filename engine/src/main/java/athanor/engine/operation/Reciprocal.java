package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Unary;

/// y = 1 / x. dx = -dy y^2.
public final class Reciprocal {
    private Reciprocal() {}

    public static Tensor reciprocal(Tensor x) {
        Tensor y = Raw.unary(Unary.RECIPROCAL, x);
        return Tape.record("reciprocal", y, Tape.edge(x, dy -> dy.mul(y.square()).neg(), y));
    }
}
