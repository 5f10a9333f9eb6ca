package athanor.kernels.pool;

import static athanor.kernels.Samples.assertClose;
import static athanor.kernels.Samples.floats;
import static athanor.kernels.Samples.onAnyThreads;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class PoolTest {
    private static final List<PoolGeometry> GEOMETRIES =
            List.of(
                    PoolGeometry.sliding(2, 8, 8, 16, 2, 2, 0),
                    PoolGeometry.sliding(2, 7, 9, 17, 3, 2, 1),
                    PoolGeometry.sliding(1, 13, 13, 3, 3, 2, 0),
                    PoolGeometry.sliding(3, 5, 6, 35, 3, 1, 1),
                    PoolGeometry.sliding(1, 7, 7, 1, 2, 3, 0),
                    PoolGeometry.adaptive(2, 7, 9, 20, 3, 4),
                    PoolGeometry.adaptive(2, 5, 5, 33, 1, 1),
                    PoolGeometry.adaptive(1, 3, 2, 10, 6, 6));

    @Test
    void max_pool_finds_the_first_maximum_and_its_gradient_goes_there() {
        for (PoolGeometry g : GEOMETRIES) {
            int size = g.batch() * g.height() * g.width() * g.channels();
            int outputs = g.batch() * g.outputHeight() * g.outputWidth() * g.channels();
            float[] x = floats(1, size);
            for (int i = 0; i < size; i++) {
                // Few values, so that there are equals.
                x[i] = Math.round(x[i]);
            }
            float[] dy = floats(2, outputs);
            double[] wanted = new double[outputs];
            int[] places = new int[outputs];
            double[] gradient = new double[size];
            for (int i = 0; i < outputs; i++) {
                int c = i % g.channels();
                int q = i / g.channels() % g.outputWidth();
                int p = i / g.channels() / g.outputWidth() % g.outputHeight();
                int image =
                        i
                                / g.channels()
                                / g.outputWidth()
                                / g.outputHeight()
                                * g.height()
                                * g.width();
                wanted[i] = Double.NEGATIVE_INFINITY;
                for (int h = g.rowStart()[p]; h < g.rowEnd()[p]; h++) {
                    for (int w = g.columnStart()[q]; w < g.columnEnd()[q]; w++) {
                        int place = h * g.width() + w;
                        if (x[(image + place) * g.channels() + c] > wanted[i]) {
                            wanted[i] = x[(image + place) * g.channels() + c];
                            places[i] = place;
                        }
                    }
                }
                gradient[(image + places[i]) * g.channels() + c] += dy[i];
            }
            int[] index = new int[outputs];
            float[] y =
                    onAnyThreads(
                            () -> {
                                float[] result = new float[outputs];
                                MaxPool.forward(g, x, result, index);
                                return result;
                            });
            assertClose("y", y, outputs, 0, i -> wanted[i]);
            assertThat(index).isEqualTo(places);
            float[] dx =
                    onAnyThreads(
                            () -> {
                                float[] result = new float[size];
                                MaxPool.gradient(g, dy, index, result);
                                return result;
                            });
            assertClose("dx", dx, size, 1e-6, i -> gradient[i]);
        }
    }

    @Test
    void the_first_nan_wins_a_maximum() {
        PoolGeometry g = PoolGeometry.adaptive(1, 2, 2, 17, 1, 1);
        float[] x = new float[4 * 17];
        for (int c = 0; c < 17; c++) {
            x[c] = 5;
            x[17 + c] = Float.NaN;
            x[2 * 17 + c] = 9;
            x[3 * 17 + c] = Float.NaN;
        }
        float[] y = new float[17];
        int[] index = new int[17];
        MaxPool.forward(g, x, y, index);
        for (int c = 0; c < 17; c++) {
            assertThat(y[c]).isNaN();
            assertThat(index[c]).isEqualTo(1);
        }
    }

    @Test
    void average_pool_divides_by_the_divisors_forward_and_backward() {
        for (PoolGeometry g : GEOMETRIES) {
            int size = g.batch() * g.height() * g.width() * g.channels();
            int outputs = g.batch() * g.outputHeight() * g.outputWidth() * g.channels();
            float[] x = floats(1, size);
            float[] dy = floats(2, outputs);
            double[] wanted = new double[outputs];
            double[] gradient = new double[size];
            for (int i = 0; i < outputs; i++) {
                int c = i % g.channels();
                int q = i / g.channels() % g.outputWidth();
                int p = i / g.channels() / g.outputWidth() % g.outputHeight();
                int image =
                        i
                                / g.channels()
                                / g.outputWidth()
                                / g.outputHeight()
                                * g.height()
                                * g.width();
                double divisor = g.rowDivisor()[p] * g.columnDivisor()[q];
                for (int h = g.rowStart()[p]; h < g.rowEnd()[p]; h++) {
                    for (int w = g.columnStart()[q]; w < g.columnEnd()[q]; w++) {
                        int at = (image + h * g.width() + w) * g.channels() + c;
                        wanted[i] += x[at] / divisor;
                        gradient[at] += dy[i] / divisor;
                    }
                }
            }
            float[] y =
                    onAnyThreads(
                            () -> {
                                float[] result = new float[outputs];
                                AveragePool.forward(g, x, result);
                                return result;
                            });
            assertClose("y", y, outputs, 1e-6, i -> wanted[i]);
            float[] dx =
                    onAnyThreads(
                            () -> {
                                float[] result = new float[size];
                                AveragePool.gradient(g, dy, result);
                                return result;
                            });
            assertClose("dx", dx, size, 1e-6, i -> gradient[i]);
        }
    }
}
