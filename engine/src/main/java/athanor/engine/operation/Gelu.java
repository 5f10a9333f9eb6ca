package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Binary;
import athanor.kernels.elementwise.Unary;

/// y = x Phi(x), by the tanh formula of Hendrycks and Gimpel 2016. dx = dy y'(x).
public final class Gelu {
    private Gelu() {}

    public static Tensor gelu(Tensor x) {
        Tensor y = Raw.unary(Unary.GELU, x);
        return Tape.record(
                "gelu", y, Tape.edge(x, dy -> Raw.binary(Binary.GELU_GRADIENT, dy, x), x));
    }
}
