package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Unary;

/// y = exp(x). dx = dy y.
public final class Exp {
    private Exp() {}

    public static Tensor exp(Tensor x) {
        Tensor y = Raw.unary(Unary.EXP, x);
        return Tape.record("exp", y, Tape.edge(x, dy -> dy.mul(y), y));
    }
}
