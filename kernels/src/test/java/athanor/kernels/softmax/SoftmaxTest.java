package athanor.kernels.softmax;

import static athanor.kernels.Samples.assertClose;
import static athanor.kernels.Samples.floats;
import static athanor.kernels.Samples.onAnyThreads;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SoftmaxTest {
    private static final int[][] SHAPES = {
        {1, 1}, {128, 10}, {9, 16}, {5, 17}, {3, 33}, {20, 1000}, {2, 40_000}
    };

    @Test
    void rows_become_probabilities_their_logarithms_and_gradients() {
        for (int[] shape : SHAPES) {
            int rows = shape[0];
            int width = shape[1];
            int n = rows * width;
            float[] x = floats(1, n);
            float[] dy = floats(2, n);
            double[] sums = new double[rows];
            for (int i = 0; i < n; i++) {
                x[i] *= 5;
                sums[i / width] += Math.exp(x[i]);
            }
            float[] y =
                    onAnyThreads(
                            () -> {
                                float[] result = new float[n];
                                Softmax.softmax(x, rows, width, result);
                                return result;
                            });
            for (int i = 0; i < n; i++) {
                double wanted = Math.exp(x[i]) / sums[i / width];
                assertThat(y[i] - wanted).isBetween(-4e-6 * wanted, 4e-6 * wanted);
            }
            float[] logs =
                    onAnyThreads(
                            () -> {
                                float[] result = new float[n];
                                Softmax.logSoftmax(x, rows, width, result);
                                return result;
                            });
            assertClose("log", logs, n, 5e-7, i -> x[i] - Math.log(sums[i / width]));

            double[] products = new double[rows];
            double[] totals = new double[rows];
            for (int i = 0; i < n; i++) {
                products[i / width] += (double) dy[i] * y[i];
                totals[i / width] += dy[i];
            }
            float[] dx =
                    onAnyThreads(
                            () -> {
                                float[] result = new float[n];
                                Softmax.softmaxGradient(dy, y, rows, width, result);
                                return result;
                            });
            assertClose("dx", dx, n, 1e-6, i -> y[i] * (dy[i] - products[i / width]));
            float[] dLogs =
                    onAnyThreads(
                            () -> {
                                float[] result = new float[n];
                                Softmax.logSoftmaxGradient(dy, logs, rows, width, result);
                                return result;
                            });
            assertClose(
                    "d log", dLogs, n, 1e-5, i -> dy[i] - Math.exp(logs[i]) * totals[i / width]);
        }
    }

    @Test
    void large_numbers_do_not_overflow() {
        float[] y = new float[3];
        Softmax.softmax(new float[] {1e30f, 1e30f, -1e30f}, 1, 3, y);
        assertThat(y).containsExactly(0.5f, 0.5f, 0);
        Softmax.logSoftmax(new float[] {1000, 0, Float.NEGATIVE_INFINITY}, 1, 3, y);
        assertThat(y).containsExactly(0, -1000, Float.NEGATIVE_INFINITY);
    }
}
