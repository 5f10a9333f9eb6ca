package athanor.nn;

import athanor.engine.Shape;
import athanor.engine.Tensor;

/// y = weight (x - mean) / sqrt(variance + 1e-5) + bias for each row, the last axis of x. Ba,
/// Kiros, Hinton 2016.
public final class LayerNorm extends Module {
    private static final double EPSILON = 1e-5;

    private final Parameter weight;
    private final Parameter bias;

    public LayerNorm(int width) {
        weight = parameter("weight", Shape.of(width), Initializer.ones());
        bias = parameter("bias", Shape.of(width), Initializer.zeros());
    }

    @Override
    protected Tensor compute(Tensor x) {
        return x.layerNorm(weight.tensor(), bias.tensor(), EPSILON);
    }
}
