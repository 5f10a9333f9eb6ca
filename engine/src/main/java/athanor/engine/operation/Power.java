package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Binary;

/// y = x^p for a constant p. dx = p dy x^(p - 1).
public final class Power {
    private Power() {}

    public static Tensor power(Tensor x, double exponent) {
        Tensor y = Raw.binary(Binary.POWER, x, x.scalarLike(exponent));
        return Tape.record(
                "power", y, Tape.edge(x, dy -> dy.mul(x.pow(exponent - 1)).mul(exponent), x));
    }
}
