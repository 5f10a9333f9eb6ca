package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Unary;

/// y = |x|. dx = dy sign(x), 0 at 0.
public final class Absolute {
    private Absolute() {}

    public static Tensor absolute(Tensor x) {
        Tensor y = Raw.unary(Unary.ABSOLUTE, x);
        return Tape.record("absolute", y, Tape.edge(x, dy -> dy.mul(Raw.unary(Unary.SIGN, x)), x));
    }
}
