package athanor.nn.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Eigenvectors;
import org.junit.jupiter.api.Test;

class AirbenchTest {
    private static Airbench model() {
        Airbench model = new Airbench(3, 10);
        model.initialize(PhiloxKey.of(1));
        return model;
    }

    /// The paper's network has 24 whitening filters and widths of 64, 256, 256.
    @Test
    void hasThePapersSizes() {
        Airbench model = model();
        long convolutions = 9L * (24 * 64 + 64 * 64 + 64 * 256 + 3 * 256 * 256);
        long norms = 2 * 2 * (64 + 256 + 256);
        assertThat(model.parameterCount())
                .isEqualTo(24 * 12 + 24 + convolutions + norms + 256 * 10);
        Tensor x = Tensor.zeros(Shape.of(2, 32, 32, 3));
        assertThat(model.forward(x).shape()).isEqualTo(Shape.of(2, 10));
        assertThat(model.parameter("whiten.weight").isFrozen()).isTrue();
        assertThat(model.parameter("block1.norm1.weight").isFrozen()).isTrue();
        assertThat(model.parameter("block1.norm1.bias").isFrozen()).isFalse();
    }

    @Test
    void filtersBeginAsTheIdentity() {
        Airbench model = model();
        float[] weight = model.parameter("block2.conv2.weight").tensor().toFloats();
        for (int k = 0; k < 256; k++) {
            for (int i = 0; i < 9 * 256; i++) {
                assertThat(weight[k * 9 * 256 + i]).isEqualTo(i == 4 * 256 + k ? 1 : 0);
            }
        }
        // 64 filters of 24 channels: 40 are as PyTorch's.
        float[] first = model.parameter("block1.conv1.weight").tensor().toFloats();
        assertThat(first[23 * 216 + 4 * 24 + 23]).isEqualTo(1);
        assertThat(first[24 * 216]).isNotZero();
    }

    /// Correlated noise; what comes out of the first 12 filters is not, and has variance 1.
    @Test
    void theFirstFiltersWhitenTheData() {
        Shape shape = Shape.of(200, 8, 8, 3);
        Tensor noise = Tensor.normal(Backend.cpu(), DType.FLOAT32, shape, PhiloxKey.of(2));
        Tensor images = noise.add(noise.mean(3).reshape(200, 8, 8, 1).mul(3));
        Airbench model = model();
        model.fit(images.toFloats(), 200, 8, 8);
        Tensor filters = model.parameter("whiten.weight").tensor();
        Tensor y = images.conv2d(filters, athanor.engine.Conv2dOptions.DEFAULT).reshape(-1, 24);
        float[] products = y.matmul(y, true, false).mul(1.0 / (200 * 49)).toFloats();
        for (int a = 0; a < 12; a++) {
            for (int b = 0; b < 24; b++) {
                float expected = a == b ? 1 : a == b - 12 ? -1 : 0;
                assertThat(products[a * 24 + b]).isEqualTo(expected, within(5e-3f));
            }
        }
    }

    @Test
    void eigenvectorsComeLargestFirst() {
        Eigenvectors eigen = Eigenvectors.of(new double[][] {{2, 1}, {1, 2}});
        assertThat(eigen.values()).containsExactly(new double[] {3, 1}, within(1e-12));
        assertThat(Math.abs(eigen.vectors()[0][0])).isEqualTo(Math.sqrt(0.5), within(1e-12));
        assertThat(eigen.vectors()[0][0]).isEqualTo(eigen.vectors()[0][1], within(1e-12));
        assertThat(eigen.vectors()[1][0]).isEqualTo(-eigen.vectors()[1][1], within(1e-12));
    }
}
