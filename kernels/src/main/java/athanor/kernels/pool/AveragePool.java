package athanor.kernels.pool;

import static athanor.kernels.elementwise.VectorMath.LANES;
import static athanor.kernels.elementwise.VectorMath.SPECIES;
import static athanor.kernels.elementwise.VectorMath.load;

import athanor.kernels.parallel.Parallel;
import jdk.incubator.vector.FloatVector;

/// The average of each window, summed row by row; see [PoolGeometry].
public final class AveragePool {
    private AveragePool() {}

    public static void forward(PoolGeometry g, float[] x, float[] y) {
        int outputWidth = g.outputWidth();
        Parallel.range(
                g.batch() * g.outputHeight(),
                1,
                (from, to) -> {
                    for (int i = from; i < to; i++) {
                        for (int q = 0; q < outputWidth; q++) {
                            window(g, x, i / g.outputHeight(), i % g.outputHeight(), q, y);
                        }
                    }
                });
    }

    /// Each place collects, in order, its share of the gradient of every window that covers it.
    public static void gradient(PoolGeometry g, float[] dy, float[] dx) {
        Cover rows = Cover.of(g.height(), g.rowStart(), g.rowEnd());
        Cover columns = Cover.of(g.width(), g.columnStart(), g.columnEnd());
        Parallel.range(
                g.batch() * g.height(),
                1,
                (from, to) -> {
                    for (int i = from; i < to; i++) {
                        for (int w = 0; w < g.width(); w++) {
                            collect(g, rows, columns, dy, i / g.height(), i % g.height(), w, dx);
                        }
                    }
                });
    }

    private static void window(PoolGeometry g, float[] x, int n, int p, int q, float[] y) {
        int channels = g.channels();
        int image = n * g.height() * g.width();
        int rowStart = g.rowStart()[p];
        int rowEnd = g.rowEnd()[p];
        int columnStart = g.columnStart()[q];
        int columnEnd = g.columnEnd()[q];
        float share = share(g, p, q);
        int at = ((n * g.outputHeight() + p) * g.outputWidth() + q) * channels;
        int c = 0;
        for (; c <= channels - LANES; c += LANES) {
            FloatVector sum = FloatVector.zero(SPECIES);
            for (int h = rowStart; h < rowEnd; h++) {
                for (int w = columnStart; w < columnEnd; w++) {
                    sum = sum.add(load(x, (image + h * g.width() + w) * channels + c));
                }
            }
            sum.mul(share).intoArray(y, at + c);
        }
        for (; c < channels; c++) {
            float sum = 0;
            for (int h = rowStart; h < rowEnd; h++) {
                for (int w = columnStart; w < columnEnd; w++) {
                    sum += x[(image + h * g.width() + w) * channels + c];
                }
            }
            y[at + c] = sum * share;
        }
    }

    private static void collect(
            PoolGeometry g,
            Cover rows,
            Cover columns,
            float[] dy,
            int n,
            int h,
            int w,
            float[] dx) {
        int channels = g.channels();
        int at = ((n * g.height() + h) * g.width() + w) * channels;
        int top = rows.first()[h];
        int bottom = rows.last()[h];
        int left = columns.first()[w];
        int right = columns.last()[w];
        int c = 0;
        for (; c <= channels - LANES; c += LANES) {
            FloatVector sum = FloatVector.zero(SPECIES);
            for (int p = top; p <= bottom; p++) {
                for (int q = left; q <= right; q++) {
                    int from = ((n * g.outputHeight() + p) * g.outputWidth() + q) * channels + c;
                    sum = sum.add(load(dy, from).mul(share(g, p, q)));
                }
            }
            sum.intoArray(dx, at + c);
        }
        for (; c < channels; c++) {
            float sum = 0;
            for (int p = top; p <= bottom; p++) {
                for (int q = left; q <= right; q++) {
                    int from = ((n * g.outputHeight() + p) * g.outputWidth() + q) * channels + c;
                    sum += dy[from] * share(g, p, q);
                }
            }
            dx[at + c] = sum;
        }
    }

    private static float share(PoolGeometry g, int p, int q) {
        return 1f / (g.rowDivisor()[p] * g.columnDivisor()[q]);
    }
}
