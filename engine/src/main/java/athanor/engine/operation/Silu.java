package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Binary;
import athanor.kernels.elementwise.Unary;

/// y = x s, s = sigmoid(x). dx = dy s (1 + x (1 - s)). Elfwing, Uchibe, Doya 2018.
public final class Silu {
    private Silu() {}

    public static Tensor silu(Tensor x) {
        Tensor y = Raw.unary(Unary.SILU, x);
        return Tape.record(
                "silu", y, Tape.edge(x, dy -> Raw.binary(Binary.SILU_GRADIENT, dy, x), x));
    }
}
