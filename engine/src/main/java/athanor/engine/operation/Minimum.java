package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Binary;

/// y = min(a, b). The gradient goes to the smaller; of equals, to a.
public final class Minimum {
    private Minimum() {}

    public static Tensor minimum(Tensor a, Tensor b) {
        Tensor y = Raw.binary(Binary.MINIMUM, a, b);
        return Tape.record(
                "minimum",
                y,
                Tape.edge(a, dy -> dy.mul(b.greaterOrEqual(a)), a, b),
                Tape.edge(b, dy -> dy.mul(a.greater(b)), a, b));
    }
}
