package athanor.kernels.pool;

import static athanor.kernels.elementwise.VectorMath.LANES;
import static athanor.kernels.elementwise.VectorMath.SPECIES;
import static athanor.kernels.elementwise.VectorMath.load;

import athanor.kernels.parallel.Parallel;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// The maximum of each window, and its place; see [PoolGeometry].
public final class MaxPool {
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;

    private MaxPool() {}

    /// `y` becomes the maxima and `index` their places in the image, `h * width + w`: the first of
    /// equals, or the first NaN.
    public static void forward(PoolGeometry g, float[] x, float[] y, int[] index) {
        int outputWidth = g.outputWidth();
        Parallel.range(
                g.batch() * g.outputHeight(),
                1,
                (from, to) -> {
                    for (int i = from; i < to; i++) {
                        for (int q = 0; q < outputWidth; q++) {
                            window(g, x, i / g.outputHeight(), i % g.outputHeight(), q, y, index);
                        }
                    }
                });
    }

    /// Each gradient goes to the place of its maximum. Made the other way round: each place
    /// collects, in order, from the windows that cover it those gradients whose maximum it was.
    public static void gradient(PoolGeometry g, float[] dy, int[] index, float[] dx) {
        Cover rows = Cover.of(g.height(), g.rowStart(), g.rowEnd());
        Cover columns = Cover.of(g.width(), g.columnStart(), g.columnEnd());
        Parallel.range(
                g.batch() * g.height(),
                1,
                (from, to) -> {
                    for (int i = from; i < to; i++) {
                        for (int w = 0; w < g.width(); w++) {
                            collect(
                                    g,
                                    rows,
                                    columns,
                                    dy,
                                    index,
                                    i / g.height(),
                                    i % g.height(),
                                    w,
                                    dx);
                        }
                    }
                });
    }

    private static void window(
            PoolGeometry g, float[] x, int n, int p, int q, float[] y, int[] index) {
        int channels = g.channels();
        int image = n * g.height() * g.width();
        int rowStart = g.rowStart()[p];
        int rowEnd = g.rowEnd()[p];
        int columnStart = g.columnStart()[q];
        int columnEnd = g.columnEnd()[q];
        int first = rowStart * g.width() + columnStart;
        int at = ((n * g.outputHeight() + p) * g.outputWidth() + q) * channels;
        int c = 0;
        for (; c <= channels - LANES; c += LANES) {
            FloatVector best = load(x, (image + first) * channels + c);
            IntVector place = IntVector.broadcast(INTS, first);
            for (int h = rowStart; h < rowEnd; h++) {
                for (int w = columnStart; w < columnEnd; w++) {
                    int candidate = h * g.width() + w;
                    FloatVector value = load(x, (image + candidate) * channels + c);
                    VectorMask<Float> wins =
                            best.compare(VectorOperators.EQ, best)
                                    .andNot(value.compare(VectorOperators.LE, best));
                    best = best.blend(value, wins);
                    place = place.blend(candidate, wins.cast(INTS));
                }
            }
            best.intoArray(y, at + c);
            place.intoArray(index, at + c);
        }
        for (; c < channels; c++) {
            float best = x[(image + first) * channels + c];
            int place = first;
            for (int h = rowStart; h < rowEnd; h++) {
                for (int w = columnStart; w < columnEnd; w++) {
                    int candidate = h * g.width() + w;
                    float value = x[(image + candidate) * channels + c];
                    if (!Float.isNaN(best) && !(value <= best)) {
                        best = value;
                        place = candidate;
                    }
                }
            }
            y[at + c] = best;
            index[at + c] = place;
        }
    }

    private static void collect(
            PoolGeometry g,
            Cover rows,
            Cover columns,
            float[] dy,
            int[] index,
            int n,
            int h,
            int w,
            float[] dx) {
        int channels = g.channels();
        int place = h * g.width() + w;
        int at = (n * g.height() * g.width() + place) * channels;
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
                    VectorMask<Integer> mine =
                            IntVector.fromArray(INTS, index, from)
                                    .compare(VectorOperators.EQ, place);
                    sum = sum.blend(sum.add(load(dy, from)), mine.cast(SPECIES));
                }
            }
            sum.intoArray(dx, at + c);
        }
        for (; c < channels; c++) {
            float sum = 0;
            for (int p = top; p <= bottom; p++) {
                for (int q = left; q <= right; q++) {
                    int from = ((n * g.outputHeight() + p) * g.outputWidth() + q) * channels + c;
                    if (index[from] == place) {
                        sum += dy[from];
                    }
                }
            }
            dx[at + c] = sum;
        }
    }
}
