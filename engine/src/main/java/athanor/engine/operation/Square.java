package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Unary;

/// y = x^2. dx = 2 x dy.
public final class Square {
    private Square() {}

    public static Tensor square(Tensor x) {
        Tensor y = Raw.unary(Unary.SQUARE, x);
        return Tape.record("square", y, Tape.edge(x, dy -> dy.mul(x).mul(2), x));
    }
}
