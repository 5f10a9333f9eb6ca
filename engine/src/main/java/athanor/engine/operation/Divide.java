package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Binary;

/// y = a / b. da = dy / b, db = -dy y / b.
public final class Divide {
    private Divide() {}

    public static Tensor divide(Tensor a, Tensor b) {
        Tensor y = Raw.binary(Binary.DIVIDE, a, b);
        return Tape.record(
                "divide",
                y,
                Tape.edge(a, dy -> dy.div(b), b),
                Tape.edge(b, dy -> dy.mul(y).div(b).neg(), y, b));
    }
}
