package athanor.engine.operation;

import athanor.engine.Tensor;
import athanor.kernels.elementwise.Binary;

/// y = 1 where the comparison holds, else 0. No gradient.
public final class Comparison {
    private Comparison() {}

    public static Tensor compare(Binary comparison, Tensor a, Tensor b) {
        return Raw.binary(comparison, a, b);
    }
}
