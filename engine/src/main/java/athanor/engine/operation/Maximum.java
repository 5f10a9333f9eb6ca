package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Binary;

/// y = max(a, b). The gradient goes to the larger; of equals, to a.
public final class Maximum {
    private Maximum() {}

    public static Tensor maximum(Tensor a, Tensor b) {
        Tensor y = Raw.binary(Binary.MAXIMUM, a, b);
        return Tape.record(
                "maximum",
                y,
                Tape.edge(a, dy -> dy.mul(a.greaterOrEqual(b)), a, b),
                Tape.edge(b, dy -> dy.mul(b.greater(a)), a, b));
    }
}
