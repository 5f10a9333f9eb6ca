package athanor.nn;

import static org.assertj.core.api.Assertions.assertThat;

import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import org.junit.jupiter.api.Test;

class SaliencyTest {
    /// Of a linear model the gradient is its weight, whose columns are in the order (C, H, W).
    @Test
    void ofALinearModelItIsTheLargestWeightOfEachPixel() {
        Linear linear = new Linear(8, 2);
        linear.parameter("weight")
                .assign(
                        HostBuffer.of(
                                new float[] {0, 0, 0, 0, 0, 0, 0, 0, 1, -7, 3, 0, -2, 4, -5, 0}));
        linear.parameter("bias").assign(HostBuffer.of(new float[2]));
        Module model = new Sequential(new Flatten(), linear);
        model.train(false);

        Tensor image = Tensor.of(Shape.of(1, 2, 2, 2), new float[8]);
        assertThat(Saliency.of(model, image, 1)).containsExactly(2, 7, 5, 0);
        assertThat(model.parameter("1.weight").isFrozen()).isFalse();
    }
}
