package athanor.kernels.pool;

import static athanor.kernels.elementwise.VectorMath.LANES;
import static athanor.kernels.elementwise.VectorMath.SPECIES;
import static athanor.kernels.elementwise.VectorMath.load;

import athanor.kernels.parallel.Parallel;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// The maximum of each window, and its place; see [PoolGeometry].
public final class MaxPool {
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;

    /// Channels that are worth a piece of their own.
    private static final int CHANNELS = 64;

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

    /// Each gradient goes to the place of its maximum, in the order of the windows.
    public static void gradient(PoolGeometry g, float[] dy, int[] index, float[] dx) {
        int blocks = (g.channels() + CHANNELS - 1) / CHANNELS;
        Parallel.range(
                g.batch() * blocks,
                1,
                (from, to) -> {
                    for (int i = from; i < to; i++) {
                        int channel = i % blocks * CHANNELS;
                        int count = Math.min(CHANNELS, g.channels() - channel);
                        spread(g, dy, index, i / blocks, channel, count, dx);
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

    /// Channels `channel` to `channel + count - 1` of an image.
    private static void spread(
            PoolGeometry g, float[] dy, int[] index, int n, int channel, int count, float[] dx) {
        int channels = g.channels();
        int image = n * g.height() * g.width();
        for (int place = image; place < image + g.height() * g.width(); place++) {
            Arrays.fill(dx, place * channels + channel, place * channels + channel + count, 0);
        }
        for (int p = 0; p < g.outputHeight(); p++) {
            for (int q = 0; q < g.outputWidth(); q++) {
                int from = ((n * g.outputHeight() + p) * g.outputWidth() + q) * channels + channel;
                spreadWindow(g, dy, index, from, image, p, q, channel, count, dx);
            }
        }
    }

    private static void spreadWindow(
            PoolGeometry g,
            float[] dy,
            int[] index,
            int from,
            int image,
            int p,
            int q,
            int channel,
            int count,
            float[] dx) {
        int rowEnd = g.rowEnd()[p];
        int columnStart = g.columnStart()[q];
        int columnEnd = g.columnEnd()[q];
        int c = 0;
        for (; c <= count - LANES; c += LANES) {
            FloatVector gradient = load(dy, from + c);
            IntVector found = IntVector.fromArray(INTS, index, from + c);
            for (int h = g.rowStart()[p]; h < rowEnd; h++) {
                for (int w = columnStart; w < columnEnd; w++) {
                    int place = h * g.width() + w;
                    int at = (image + place) * g.channels() + channel + c;
                    VectorMask<Float> here = found.compare(VectorOperators.EQ, place).cast(SPECIES);
                    load(dx, at).add(gradient, here).intoArray(dx, at);
                }
            }
        }
        for (; c < count; c++) {
            dx[(image + index[from + c]) * g.channels() + channel + c] += dy[from + c];
        }
    }
}
