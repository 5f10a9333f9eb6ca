package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Unary;

/// y = sqrt(x). dx = dy / (2 y).
public final class Sqrt {
    private Sqrt() {}

    public static Tensor sqrt(Tensor x) {
        Tensor y = Raw.unary(Unary.SQRT, x);
        return Tape.record("sqrt", y, Tape.edge(x, dy -> dy.div(y).mul(0.5), y));
    }
}
