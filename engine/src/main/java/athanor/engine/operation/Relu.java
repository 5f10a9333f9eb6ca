package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Unary;

/// y = max(x, 0). dx = dy where y > 0. It keeps y, which lives anyway, not x.
public final class Relu {
    private Relu() {}

    public static Tensor relu(Tensor x) {
        Tensor y = Raw.unary(Unary.RELU, x);
        return Tape.record("relu", y, Tape.edge(x, dy -> Raw.gated(dy, y), y));
    }
}
