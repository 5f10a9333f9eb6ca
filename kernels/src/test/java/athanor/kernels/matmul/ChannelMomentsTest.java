package athanor.kernels.matmul;

import static athanor.kernels.Samples.assertClose;
import static athanor.kernels.Samples.floats;
import static athanor.kernels.Samples.onAnyThreads;
import static org.assertj.core.api.Assertions.assertThat;

import athanor.kernels.convolve.Convolution;
import athanor.kernels.convolve.ConvolutionGeometry;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ChannelMomentsTest {
    /// Batch, side, channels, filters, filter side, stride: a product, Winograd's tiles of three
    /// and five, the sweep; sizes that fill neither tiles nor vectors.
    private static final int[][] SHAPES = {
        {3, 8, 16, 64, 1, 1},
        {40, 9, 20, 37, 1, 1},
        {5, 13, 16, 48, 3, 1},
        {9, 7, 33, 17, 3, 1},
        {3, 10, 16, 20, 5, 1},
        {4, 11, 3, 10, 7, 2},
        {2, 9, 17, 40, 3, 2},
    };

    @Test
    void they_are_those_of_what_was_written() {
        for (int[] shape : SHAPES) {
            ConvolutionGeometry g = geometry(shape);
            float[] x = floats(1, g.batch() * g.height() * g.width() * g.channels());
            float[] w = floats(2, g.filters() * g.filterLength());
            int filters = g.filters();
            float[] y = new float[g.outputRows() * filters];
            float[] moments = onAnyThreads(() -> moments(g, x, w, y));
            double[] mean = new double[filters];
            double[] variance = new double[filters];
            for (int i = 0; i < y.length; i++) {
                mean[i % filters] += (double) y[i] / g.outputRows();
            }
            for (int i = 0; i < y.length; i++) {
                variance[i % filters] += Math.pow(y[i] - mean[i % filters], 2) / g.outputRows();
            }
            String name = Arrays.toString(shape);
            assertClose(name, moments, filters, 1e-6, c -> mean[c]);
            float[] second = Arrays.copyOfRange(moments, filters, 2 * filters);
            assertClose(name, second, filters, 1e-6, c -> variance[c]);
        }
    }

    @Test
    void a_mean_far_larger_than_the_deviation_does_not_ruin_the_variance() {
        ConvolutionGeometry g = geometry(new int[] {10, 30, 17, 17, 1, 1});
        float[] x = new float[g.outputRows() * 17];
        for (int i = 0; i < x.length; i++) {
            x[i] = 1e6f + i / 17 % 2;
        }
        float[] identity = new float[17 * 17];
        for (int c = 0; c < 17; c++) {
            identity[c * 18] = 1;
        }
        float[] moments = moments(g, x, identity, new float[x.length]);
        for (int c = 0; c < 17; c++) {
            assertThat(moments[c]).isEqualTo(1e6f + 0.5f);
            assertThat(moments[17 + c]).isEqualTo(0.25f);
        }
    }

    private static ConvolutionGeometry geometry(int[] s) {
        int pad = s[4] / 2;
        return new ConvolutionGeometry(
                s[0], s[1], s[1], s[2], s[3], s[4], s[4], s[5], s[5], pad, pad, 1, 1, 1);
    }

    /// The means, then the variances.
    private static float[] moments(ConvolutionGeometry g, float[] x, float[] w, float[] y) {
        ChannelMoments moments = new ChannelMoments(g.filters());
        Convolution.forward(g, x, w, y, moments);
        float[] mean = new float[g.filters()];
        float[] variance = new float[g.filters()];
        moments.finish(mean, variance);
        float[] both = Arrays.copyOf(mean, 2 * mean.length);
        System.arraycopy(variance, 0, both, mean.length, mean.length);
        return both;
    }
}
