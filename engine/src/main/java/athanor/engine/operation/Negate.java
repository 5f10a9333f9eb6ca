package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Unary;

/// y = -x. dx = -dy.
public final class Negate {
    private Negate() {}

    public static Tensor negate(Tensor x) {
        Tensor y = Raw.unary(Unary.NEGATE, x);
        return Tape.record("negate", y, Tape.edge(x, Tensor::neg));
    }
}
