package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Binary;
import athanor.kernels.elementwise.Unary;

/// y = 1 / (1 + exp(-x)). dx = dy y (1 - y).
public final class Sigmoid {
    private Sigmoid() {}

    public static Tensor sigmoid(Tensor x) {
        Tensor y = Raw.unary(Unary.SIGMOID, x);
        return Tape.record(
                "sigmoid", y, Tape.edge(x, dy -> Raw.binary(Binary.SIGMOID_GRADIENT, dy, y), y));
    }
}
