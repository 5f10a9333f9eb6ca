package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Binary;

/// y = a b. da = dy b, db = dy a.
public final class Multiply {
    private Multiply() {}

    public static Tensor multiply(Tensor a, Tensor b) {
        Tensor y = Raw.binary(Binary.MULTIPLY, a, b);
        return Tape.record(
                "multiply", y, Tape.edge(a, dy -> dy.mul(b), b), Tape.edge(b, dy -> dy.mul(a), a));
    }
}
