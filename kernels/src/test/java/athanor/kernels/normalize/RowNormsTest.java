package athanor.kernels.normalize;

import static athanor.kernels.Samples.assertClose;
import static athanor.kernels.Samples.floats;
import static athanor.kernels.Samples.onAnyThreads;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class RowNormsTest {
    private static final int[][] SHAPES = {
        {1, 1}, {3, 5}, {33, 17}, {500, 64}, {7, 1000}, {3, 40_000}
    };

    @Test
    void layer_norm_gives_rows_of_mean_0_and_deviation_1_then_gamma_and_beta() {
        for (int[] shape : SHAPES) {
            int rows = shape[0];
            int width = shape[1];
            float[] x = floats(1, rows * width);
            float[] gamma = floats(2, width);
            float[] beta = floats(3, width);
            float[] dy = floats(4, rows * width);
            float[] means = new float[rows];
            float[] inverses = new float[rows];
            float[] y =
                    onAnyThreads(
                            () -> {
                                float[] result = new float[x.length];
                                LayerNorm.forward(
                                        x, rows, width, 1e-5, gamma, beta, result, means, inverses);
                                return result;
                            });
            float[] dx =
                    onAnyThreads(
                            () -> {
                                float[] result = new float[x.length];
                                LayerNorm.gradient(
                                        dy, x, rows, width, gamma, means, inverses, result);
                                return result;
                            });
            for (int row = 0; row < rows; row++) {
                int at = row * width;
                double mean = 0;
                double variance = 0;
                for (int i = 0; i < width; i++) {
                    mean += (double) x[at + i] / width;
                }
                for (int i = 0; i < width; i++) {
                    variance += Math.pow(x[at + i] - mean, 2) / width;
                }
                double center = mean;
                double inverse = 1 / Math.sqrt(variance + 1e-5);
                double sum = 0;
                double product = 0;
                for (int i = 0; i < width; i++) {
                    double g = (double) dy[at + i] * gamma[i];
                    sum += g / width;
                    product += g * (x[at + i] - center) * inverse / width;
                }
                double gMean = sum;
                double gProduct = product;
                assertClose(
                        "y",
                        Arrays.copyOfRange(y, at, at + width),
                        width,
                        2e-6,
                        i -> (x[at + i] - center) * inverse * gamma[i] + beta[i]);
                // A row of one number has deviation 0, and 1 / sqrt(epsilon) = 316 magnifies the
                // rounding.
                double tolerance = width == 1 ? 1e-3 : 3e-6;
                assertClose(
                        "dx",
                        Arrays.copyOfRange(dx, at, at + width),
                        width,
                        tolerance,
                        i ->
                                inverse
                                        * ((double) dy[at + i] * gamma[i]
                                                - gMean
                                                - (x[at + i] - center) * inverse * gProduct));
            }
        }
    }

    @Test
    void local_response_norm_sums_the_squares_of_the_neighbouring_channels() {
        for (int[] shape : SHAPES) {
            for (int size : new int[] {1, 2, 5, 6}) {
                localResponseNorm(shape[0], shape[1], size);
            }
        }
    }

    private static void localResponseNorm(int rows, int channels, int size) {
        double alpha = 0.3;
        double beta = 0.75;
        double k = 2;
        float[] x = floats(1, rows * channels);
        float[] dy = floats(2, rows * channels);
        double[] d = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            int c = i % channels;
            double sum = 0;
            for (int j = Math.max(0, c - size / 2);
                    j <= Math.min(channels - 1, c + (size - 1) / 2);
                    j++) {
                sum += (double) x[i - c + j] * x[i - c + j];
            }
            d[i] = k + alpha / size * sum;
        }
        double[] wanted = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            wanted[i] += dy[i] * Math.pow(d[i], -beta);
            int c = i % channels;
            for (int j = Math.max(0, c - size / 2);
                    j <= Math.min(channels - 1, c + (size - 1) / 2);
                    j++) {
                int at = i - c + j;
                wanted[at] -=
                        2 * alpha * beta / size * x[at] * dy[i] * x[i] * Math.pow(d[i], -beta - 1);
            }
        }
        float[] kept = new float[x.length];
        float[] y =
                onAnyThreads(
                        () -> {
                            float[] result = new float[x.length];
                            LocalResponseNorm.forward(
                                    x, rows, channels, size, alpha, beta, k, result, kept);
                            return result;
                        });
        assertClose("d", kept, kept.length, 1e-6, i -> d[i]);
        assertClose("y", y, y.length, 1e-6, i -> x[i] * Math.pow(d[i], -beta));
        float[] dx =
                onAnyThreads(
                        () -> {
                            float[] result = new float[x.length];
                            LocalResponseNorm.gradient(
                                    dy, x, kept, rows, channels, size, alpha, beta, result);
                            return result;
                        });
        assertClose("dx", dx, dx.length, 2e-6, i -> wanted[i]);
    }
}
