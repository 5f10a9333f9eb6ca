package athanor.kernels.cuda;

import static athanor.kernels.Samples.assertClose;
import static athanor.kernels.Samples.floats;
import static athanor.kernels.cuda.Gpu.STREAM;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PtxSoftmaxTest {
    private static final int[][] SHAPES = {
        {1, 1}, {3, 3}, {17, 10}, {3, 17}, {2, 33}, {3, 129}, {2, 257}, {2, 1000}, {1, 3001}
    };

    @FunctionalInterface
    private interface Kernel {
        void run(PtxSoftmax softmax, long a, long b, int rows, int width, long y);
    }

    private static float[] run(float[] a, float[] b, int rows, int width, Kernel kernel) {
        return Gpu.run(
                gpu -> {
                    long y = gpu.room(rows * width);
                    PtxSoftmax softmax = new PtxSoftmax(gpu.ptx());
                    kernel.run(softmax, gpu.of(a), gpu.of(b), rows, width, y);
                    return gpu.floats(y, rows * width);
                });
    }

    private static double[] exponentials(float[] x, int row, int width) {
        double maximum = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < width; i++) {
            maximum = Math.max(maximum, x[row * width + i]);
        }
        double[] result = new double[width + 2];
        for (int i = 0; i < width; i++) {
            result[i] = Math.exp(x[row * width + i] - maximum);
            result[width] += result[i];
        }
        result[width + 1] = maximum;
        return result;
    }

    @Test
    void softmax_and_its_logarithm() {
        for (int[] shape : SHAPES) {
            int rows = shape[0];
            int width = shape[1];
            float[] x = floats(width, rows * width);
            for (int i = 0; i < x.length; i++) {
                x[i] = 5 * x[i] + 100;
            }
            float[] y =
                    run(x, x, rows, width, (s, a, b, r, w, to) -> s.softmax(STREAM, a, r, w, to));
            float[] log =
                    run(
                            x,
                            x,
                            rows,
                            width,
                            (s, a, b, r, w, to) -> s.logSoftmax(STREAM, a, r, w, to));
            assertClose(
                    "softmax",
                    y,
                    rows * width,
                    5e-7,
                    i -> {
                        double[] e = exponentials(x, i / width, width);
                        return e[i % width] / e[width];
                    });
            assertClose(
                    "logSoftmax",
                    log,
                    rows * width,
                    5e-7,
                    i -> {
                        double[] e = exponentials(x, i / width, width);
                        return x[i] - e[width + 1] - Math.log(e[width]);
                    });
        }
    }

    @Test
    void nan_spreads_through_its_row() {
        float[] x = floats(1, 66);
        x[40] = Float.NaN;
        float[] y = run(x, x, 2, 33, (s, a, b, r, w, to) -> s.softmax(STREAM, a, r, w, to));
        float[] log = run(x, x, 2, 33, (s, a, b, r, w, to) -> s.logSoftmax(STREAM, a, r, w, to));
        for (int i = 0; i < 66; i++) {
            assertThat(Float.isNaN(y[i])).isEqualTo(i >= 33);
            assertThat(Float.isNaN(log[i])).isEqualTo(i >= 33);
        }
    }

    @Test
    void gradients() {
        for (int[] shape : SHAPES) {
            int rows = shape[0];
            int width = shape[1];
            float[] dy = floats(1, rows * width);
            float[] y = floats(2, rows * width);
            for (int i = 0; i < y.length; i++) {
                y[i] = -Math.abs(y[i]);
            }
            float[] dx =
                    run(
                            dy,
                            y,
                            rows,
                            width,
                            (s, a, b, r, w, to) -> s.softmaxGradient(STREAM, a, b, r, w, to));
            float[] log =
                    run(
                            dy,
                            y,
                            rows,
                            width,
                            (s, a, b, r, w, to) -> s.logSoftmaxGradient(STREAM, a, b, r, w, to));
            double[] products = new double[rows];
            double[] sums = new double[rows];
            for (int i = 0; i < rows * width; i++) {
                products[i / width] += (double) dy[i] * y[i];
                sums[i / width] += dy[i];
            }
            assertClose(
                    "softmax gradient",
                    dx,
                    rows * width,
                    1e-5,
                    i -> y[i] * (dy[i] - products[i / width]));
            assertClose(
                    "logSoftmax gradient",
                    log,
                    rows * width,
                    1e-5,
                    i -> dy[i] - Math.exp(y[i]) * sums[i / width]);
        }
    }
}
