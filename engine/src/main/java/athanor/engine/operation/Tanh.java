package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Binary;
import athanor.kernels.elementwise.Unary;

/// y = tanh(x). dx = dy (1 - y^2).
public final class Tanh {
    private Tanh() {}

    public static Tensor tanh(Tensor x) {
        Tensor y = Raw.unary(Unary.TANH, x);
        return Tape.record(
                "tanh", y, Tape.edge(x, dy -> Raw.binary(Binary.TANH_GRADIENT, dy, y), y));
    }
}
