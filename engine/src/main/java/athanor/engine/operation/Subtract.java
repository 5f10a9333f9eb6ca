package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Binary;

/// y = a - b. da = dy, db = -dy.
public final class Subtract {
    private Subtract() {}

    public static Tensor subtract(Tensor a, Tensor b) {
        Tensor y = Raw.binary(Binary.SUBTRACT, a, b);
        return Tape.record("subtract", y, Tape.edge(a, dy -> dy), Tape.edge(b, Tensor::neg));
    }
}
