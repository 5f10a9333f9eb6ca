package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Unary;

/// y = 1 / sqrt(x). dx = -dy y^3 / 2.
public final class Rsqrt {
    private Rsqrt() {}

    public static Tensor rsqrt(Tensor x) {
        Tensor y = Raw.unary(Unary.RSQRT, x);
        return Tape.record("rsqrt", y, Tape.edge(x, dy -> dy.mul(y.square()).mul(y).mul(-0.5), y));
    }
}
