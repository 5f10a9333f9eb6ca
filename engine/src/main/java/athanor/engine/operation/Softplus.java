package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Unary;

/// y = ln(1 + exp(x)). dx = dy sigmoid(x).
public final class Softplus {
    private Softplus() {}

    public static Tensor softplus(Tensor x) {
        Tensor y = Raw.unary(Unary.SOFTPLUS, x);
        return Tape.record("softplus", y, Tape.edge(x, dy -> dy.mul(x.sigmoid()), x));
    }
}
