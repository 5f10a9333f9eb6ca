package athanor.engine.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.HostBuffer;
import athanor.kernels.convolve.ConvolutionGeometry;
import athanor.kernels.pool.PoolGeometry;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Convolution and pooling against numbers worked out by hand, or by PyTorch from the same
/// integers.
class ReferenceImagesTest {
    private final Backend reference = Backend.reference();

    /// 5x3 images of 4 channels, 2 filters of 2x3 in 2 groups, stride (2, 1), padding (1, 2),
    /// dilation (2, 1).
    private static final ConvolutionGeometry CROOKED =
            new ConvolutionGeometry(1, 5, 3, 4, 2, 2, 3, 2, 1, 1, 2, 2, 1, 2);

    @Test
    void convolvesA3x3ImageByHand() {
        var geometry = new ConvolutionGeometry(1, 3, 3, 1, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1);
        HostBuffer x = HostBuffer.of(1.0, 2, 3, 4, 5, 6, 7, 8, 9);
        HostBuffer w =
                HostBuffer.of(0.0, 1, 0, 2, 3, 0, 0, 0, 4); // above, left, itself, below right
        HostBuffer y = HostBuffer.allocate(DType.FLOAT64, 9);
        reference.convolve(geometry, x, w, y);
        assertThat(y.doubles())
                .containsExactly(
                        3 * 1 + 4 * 5,
                        2 * 1 + 3 * 2 + 4 * 6,
                        2 * 2 + 3 * 3,
                        1 + 3 * 4 + 4 * 8,
                        2 + 2 * 4 + 3 * 5 + 4 * 9,
                        3 + 2 * 5 + 3 * 6,
                        4 + 3 * 7,
                        5 + 2 * 7 + 3 * 8,
                        6 + 2 * 8 + 3 * 9);
    }

    @Test
    void convolvesEachImageOfABatchWithEachFilter() {
        var geometry = new ConvolutionGeometry(2, 1, 2, 2, 3, 1, 1, 1, 1, 0, 0, 1, 1, 1);
        HostBuffer x = HostBuffer.of(1.0, 2, 3, 4, /**/ 5, 6, 7, 8);
        HostBuffer w = HostBuffer.of(1.0, 0, 0, 1, 1, -1);
        HostBuffer y = HostBuffer.allocate(DType.FLOAT64, 12);
        reference.convolve(geometry, x, w, y);
        assertThat(y.doubles()).containsExactly(1, 2, -1, 3, 4, -1, 5, 6, -1, 7, 8, -1);
    }

    @Test
    void convolvesWithStridePaddingDilationAndGroups() {
        HostBuffer y = HostBuffer.allocate(DType.FLOAT64, 30);
        reference.convolve(CROOKED, integers(60, 7, 11), integers(24, 5, 7), y);
        assertThat(y.doubles())
                .containsExactly(
                        -10, 10, 22, -8, -11, 18, -3, -5, 0, -13, -3, -8, -3, -8, -2, -17, 21, 18,
                        -12, -8, 16, -8, -6, 19, -18, -28, -12, 20, 19, -7);
    }

    @Test
    void gradientsWithStridePaddingDilationAndGroups() {
        HostBuffer dy = integers(30, 4, 13);
        HostBuffer dx = HostBuffer.allocate(DType.FLOAT64, 60);
        reference.convolveInputGradient(CROOKED, dy, integers(24, 5, 7), dx);
        assertThat(dx.doubles())
                .containsExactly(
                        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, -24, 13, -29, -24, 10, -10, 12, 7,
                        -21, 32, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, -23, 28, 7, 14, -15, -34,
                        9, 6, 6, 34, -2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        HostBuffer dw = HostBuffer.allocate(DType.FLOAT64, 24);
        reference.convolveFilterGradient(CROOKED, integers(60, 7, 11), dy, dw);
        assertThat(dw.doubles())
                .containsExactly(
                        -34, 54, 80, -24, -40, 2, -36, 2, 13, 2, -42, 2, -42, 68, 13, -53, -36, 47,
                        -40, 61, 80, -47, -34, -12);
    }

    @Test
    void gradientsOfConvolutionAreAdjointToIt() {
        Random random = new Random(1);
        for (ConvolutionGeometry geometry :
                List.of(
                        CROOKED,
                        new ConvolutionGeometry(2, 7, 5, 3, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1),
                        new ConvolutionGeometry(2, 6, 7, 6, 9, 3, 2, 2, 3, 1, 0, 1, 2, 3),
                        new ConvolutionGeometry(3, 4, 4, 5, 5, 3, 3, 2, 2, 2, 2, 1, 1, 5),
                        new ConvolutionGeometry(1, 3, 3, 2, 3, 1, 1, 1, 1, 0, 0, 1, 1, 1))) {
            int inputs =
                    geometry.batch() * geometry.height() * geometry.width() * geometry.channels();
            HostBuffer x = random(random, inputs);
            HostBuffer w = random(random, geometry.filters() * geometry.filterLength());
            HostBuffer dy = random(random, geometry.outputRows() * geometry.filters());
            HostBuffer y = HostBuffer.allocate(DType.FLOAT64, dy.length());
            HostBuffer dx = HostBuffer.allocate(DType.FLOAT64, x.length());
            HostBuffer dw = HostBuffer.allocate(DType.FLOAT64, w.length());
            reference.convolve(geometry, x, w, y);
            reference.convolveInputGradient(geometry, dy, w, dx);
            reference.convolveFilterGradient(geometry, x, dy, dw);
            double product = inner(dy, y);
            assertThat(inner(dx, x)).as("%s", geometry).isCloseTo(product, within(1e-10));
            assertThat(inner(dw, w)).as("%s", geometry).isCloseTo(product, within(1e-10));
        }
    }

    @Test
    void fusedConvolutionsComposeThePlainOnes() {
        var geometry = new ConvolutionGeometry(1, 1, 3, 1, 2, 1, 1, 1, 1, 0, 0, 1, 1, 1);
        HostBuffer x = HostBuffer.of(1.0, 2, 6);
        HostBuffer w = HostBuffer.of(1.0, -2);
        HostBuffer y = HostBuffer.allocate(DType.FLOAT64, 6);
        HostBuffer mean = HostBuffer.allocate(DType.FLOAT64, 2);
        HostBuffer variance = HostBuffer.allocate(DType.FLOAT64, 2);
        reference.convolveWithMoments(geometry, x, w, y, mean, variance);
        assertThat(y.doubles()).containsExactly(1, -2, 2, -4, 6, -12);
        assertThat(mean.doubles()).containsExactly(3, -6);
        assertThat(variance.doubles())
                .containsExactly(new double[] {14 / 3.0, 56 / 3.0}, within(1e-14));
        reference.convolveNormalized(geometry, x, HostBuffer.of(2.0), HostBuffer.of(-3.0), w, y);
        assertThat(y.doubles()).containsExactly(0, 0, 1, -2, 9, -18);
    }

    @Test
    void maxPoolRemembersTheFirstMaximumOfEachWindow() {
        HostBuffer x = integers(25, 7, 11);
        HostBuffer y = HostBuffer.allocate(DType.FLOAT64, 9);
        HostBuffer index = HostBuffer.allocate(DType.INT32, 9);
        PoolGeometry geometry = PoolGeometry.sliding(1, 5, 5, 1, 3, 2, 1);
        reference.maxPool(geometry, x, y, index);
        // -5  2 -2  5  1
        // -3  4  0 -4  3
        // -1 -5  2 -2  5
        //  1 -3  4  0 -4
        //  3 -1 -5  2 -2
        assertThat(y.doubles()).containsExactly(4, 5, 5, 4, 4, 5, 3, 4, 2);
        assertThat(index.ints()).containsExactly(6, 3, 3, 6, 6, 14, 20, 17, 23);
        HostBuffer dx = HostBuffer.allocate(DType.FLOAT64, 25);
        reference.maxPoolGradient(geometry, integers(9, 2, 7), index, dx);
        assertThat(dx.doubles())
                .containsExactly(
                        0, 0, 0, 0, 0, 0, -2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -3, 0, 0, 2, 0, 0, -1,
                        0);
    }

    @Test
    void maxPoolNeverTakesPaddingAndLetsNaNWin() {
        PoolGeometry geometry = PoolGeometry.sliding(1, 2, 2, 1, 2, 2, 1);
        HostBuffer y = HostBuffer.allocate(DType.FLOAT64, 4);
        HostBuffer index = HostBuffer.allocate(DType.INT32, 4);
        reference.maxPool(
                geometry, HostBuffer.of(-1.0, -2, Double.NEGATIVE_INFINITY, -4), y, index);
        assertThat(y.doubles()).containsExactly(-1, -2, Double.NEGATIVE_INFINITY, -4);
        assertThat(index.ints()).containsExactly(0, 1, 2, 3);
        PoolGeometry whole = PoolGeometry.sliding(1, 2, 2, 1, 2, 2, 0);
        reference.maxPool(whole, HostBuffer.of(1, Double.NaN, 3, Double.NaN), y, index);
        assertThat(y.doubles()).startsWith(Double.NaN, -2);
        assertThat(index.ints()).startsWith(1, 1);
        reference.maxPool(whole, HostBuffer.of(1.0, 3, 3, 2), y, index);
        assertThat(index.ints()).startsWith(1, 1);
    }

    @Test
    void poolsEachChannelAndImageForItself() {
        PoolGeometry geometry = PoolGeometry.sliding(2, 1, 2, 2, 1, 1, 0);
        PoolGeometry pairs = PoolGeometry.adaptive(2, 1, 2, 2, 1, 1);
        HostBuffer x = HostBuffer.of(1.0, 20, 3, 10, /**/ -1, 5, -2, 6);
        HostBuffer y = HostBuffer.allocate(DType.FLOAT64, 8);
        HostBuffer index = HostBuffer.allocate(DType.INT32, 8);
        reference.maxPool(geometry, x, y, index);
        assertThat(y.doubles()).containsExactly(x.doubles());
        assertThat(index.ints()).containsExactly(0, 0, 1, 1, 0, 0, 1, 1);
        reference.maxPool(pairs, x, y, index);
        assertThat(y.doubles()).startsWith(3, 20, -1, 6);
        assertThat(index.ints()).startsWith(1, 0, 0, 1);
        HostBuffer dx = HostBuffer.allocate(DType.FLOAT64, 8);
        reference.maxPoolGradient(pairs, HostBuffer.of(1.0, 2, 3, 4), index, dx);
        assertThat(dx.doubles()).containsExactly(0, 2, 1, 0, 3, 0, 0, 4);
        reference.averagePool(pairs, x, y);
        assertThat(y.doubles()).startsWith(2, 15, -1.5, 5.5);
        reference.averagePoolGradient(pairs, HostBuffer.of(1.0, 2, 3, 4), dx);
        assertThat(dx.doubles()).containsExactly(0.5, 1, 0.5, 1, 1.5, 2, 1.5, 2);
    }

    @Test
    void averagePoolCountsPaddingAsZeros() {
        PoolGeometry geometry = PoolGeometry.sliding(1, 5, 5, 1, 3, 2, 1);
        HostBuffer y = HostBuffer.allocate(DType.FLOAT64, 9);
        reference.averagePool(geometry, integers(25, 7, 11), y);
        assertThat(y.doubles())
                .containsExactly(ninths(-2, 5, 5, -7, -4, -2, 0, -3, -4), within(1e-15));
        HostBuffer dx = HostBuffer.allocate(DType.FLOAT64, 25);
        reference.averagePoolGradient(geometry, integers(9, 2, 7), dx);
        assertThat(dx.doubles())
                .containsExactly(
                        ninths(
                                -3, -4, -1, 0, 1, 0, -3, -3, -2, 1, 3, 1, -2, -2, 0, 5, 0, -5, -6,
                                -1, 2, -1, -3, -4, -1),
                        within(1e-15));
    }

    @Test
    void adaptivePoolSpreadsItsWindows() {
        // rows 0-1, 1-3, 3-4; columns 0-2, 2-4
        PoolGeometry geometry = PoolGeometry.adaptive(1, 5, 5, 1, 3, 2);
        HostBuffer y = HostBuffer.allocate(DType.FLOAT64, 6);
        reference.averagePool(geometry, integers(25, 7, 11), y);
        double[] expected = {-4 / 6.0, 3 / 6.0, -1 / 9.0, 4 / 9.0, -1 / 6.0, -5 / 6.0};
        assertThat(y.doubles()).containsExactly(expected, within(1e-15));
        HostBuffer index = HostBuffer.allocate(DType.INT32, 6);
        reference.maxPool(geometry, integers(25, 7, 11), y, index);
        assertThat(y.doubles()).containsExactly(4, 5, 4, 5, 4, 4);
        assertThat(index.ints()).containsExactly(6, 3, 6, 14, 17, 17);
    }

    @Test
    void gradientsOfPoolsAreAdjointToThem() {
        Random random = new Random(2);
        for (PoolGeometry geometry :
                List.of(
                        PoolGeometry.sliding(2, 7, 5, 3, 3, 2, 1),
                        PoolGeometry.sliding(1, 6, 6, 2, 2, 2, 0),
                        PoolGeometry.sliding(2, 5, 8, 1, 3, 1, 1),
                        PoolGeometry.adaptive(2, 7, 5, 3, 3, 2),
                        PoolGeometry.adaptive(1, 3, 2, 2, 5, 4))) {
            int images = geometry.batch() * geometry.channels();
            HostBuffer x = random(random, images * geometry.height() * geometry.width());
            HostBuffer dy =
                    random(random, images * geometry.outputHeight() * geometry.outputWidth());
            HostBuffer y = HostBuffer.allocate(DType.FLOAT64, dy.length());
            HostBuffer index = HostBuffer.allocate(DType.INT32, dy.length());
            HostBuffer dx = HostBuffer.allocate(DType.FLOAT64, x.length());
            reference.averagePool(geometry, x, y);
            reference.averagePoolGradient(geometry, dy, dx);
            assertThat(inner(dx, x))
                    .as("average %s", geometry)
                    .isCloseTo(inner(dy, y), within(1e-12));
            // the maximum is linear as long as the same inputs win
            reference.maxPool(geometry, x, y, index);
            reference.maxPoolGradient(geometry, dy, index, dx);
            assertThat(inner(dx, x))
                    .as("maximum %s", geometry)
                    .isCloseTo(inner(dy, y), within(1e-12));
        }
    }

    /// `i factor mod modulus`, moved down to lie around 0.
    private static HostBuffer integers(int count, int factor, int modulus) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = i * factor % modulus - modulus / 2;
        }
        return HostBuffer.of(values);
    }

    private static double[] ninths(double... values) {
        for (int i = 0; i < values.length; i++) {
            values[i] /= 9;
        }
        return values;
    }

    private static HostBuffer random(Random random, int count) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextGaussian();
        }
        return HostBuffer.of(values);
    }

    private static double inner(HostBuffer a, HostBuffer b) {
        double sum = 0;
        for (int i = 0; i < a.length(); i++) {
            sum += a.get(i) * b.get(i);
        }
        return sum;
    }
}
