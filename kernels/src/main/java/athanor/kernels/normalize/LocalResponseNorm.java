package athanor.kernels.normalize;

import static athanor.kernels.elementwise.VectorMath.LANES;
import static athanor.kernels.elementwise.VectorMath.load;

import athanor.kernels.elementwise.VectorMath;
import athanor.kernels.parallel.Parallel;
import jdk.incubator.vector.FloatVector;

/// Normalization by neighbouring channels (Krizhevsky, Sutskever, Hinton 2012) of x `[rows,
/// channels]`. The window of channel c reaches from `c - size / 2` to `c + (size - 1) / 2`, as in
/// PyTorch.
public final class LocalResponseNorm {
    private LocalResponseNorm() {}

    /// `y[c] = x[c] d[c]^-beta`, `d[c] = k + alpha / size * sum of x[j]^2` over the window; d is
    /// kept.
    public static void forward(
            float[] x,
            int rows,
            int channels,
            int size,
            double alpha,
            double beta,
            double k,
            float[] y,
            float[] d) {
        int before = size / 2;
        Parallel.range(
                rows,
                piece(channels),
                (from, to) -> {
                    float[] squares = new float[channels + size];
                    float[] sums = new float[channels];
                    for (int row = from; row < to; row++) {
                        int at = row * channels;
                        for (int c = 0; c < channels; c++) {
                            squares[before + c] = x[at + c] * x[at + c];
                        }
                        windows(squares, size, channels, sums);
                        for (int c = 0; c < channels; c++) {
                            d[at + c] = Math.fma(sums[c], (float) (alpha / size), (float) k);
                        }
                        timesPower(x, d, (float) -beta, at, at + channels, y);
                    }
                });
    }

    /// `dx[j] = dy[j] d[j]^-beta - 2 alpha beta / size x[j] * sum of dy[c] x[c] d[c]^(-beta - 1)`
    /// over the channels c in whose window j lies: from `j - (size - 1) / 2` to `j + size / 2`.
    public static void gradient(
            float[] dy,
            float[] x,
            float[] d,
            int rows,
            int channels,
            int size,
            double alpha,
            double beta,
            float[] dx) {
        int before = (size - 1) / 2;
        float factor = (float) (-2 * alpha * beta / size);
        Parallel.range(
                rows,
                piece(channels),
                (from, to) -> {
                    float[] terms = new float[channels + size];
                    float[] sums = new float[channels];
                    for (int row = from; row < to; row++) {
                        int at = row * channels;
                        timesPower(dy, d, (float) -beta, at, at + channels, dx);
                        for (int c = 0; c < channels; c++) {
                            terms[before + c] = dx[at + c] * x[at + c] / d[at + c];
                        }
                        windows(terms, size, channels, sums);
                        for (int c = 0; c < channels; c++) {
                            dx[at + c] = Math.fma(factor * x[at + c], sums[c], dx[at + c]);
                        }
                    }
                });
    }

    private static int piece(int channels) {
        return Math.max(1, 16_384 / Math.max(1, channels));
    }

    /// `sums[c] = x[c] + ... + x[c + size - 1]`.
    private static void windows(float[] x, int size, int channels, float[] sums) {
        int c = 0;
        for (; c <= channels - LANES; c += LANES) {
            FloatVector sum = load(x, c);
            for (int i = 1; i < size; i++) {
                sum = sum.add(load(x, c + i));
            }
            sum.intoArray(sums, c);
        }
        for (; c < channels; c++) {
            sums[c] = x[c];
            for (int i = 1; i < size; i++) {
                sums[c] += x[c + i];
            }
        }
    }

    /// `y = x d^power`, as `exp(power log(d))`.
    private static void timesPower(float[] x, float[] d, float power, int from, int to, float[] y) {
        int end = to - (to - from) % LANES;
        if (end > from) {
            timesPowerVectors(x, d, power, from, end, y);
        }
        for (int i = end; i < to; i++) {
            y[i] = x[i] * VectorMath.exp(VectorMath.log(d[i]) * power);
        }
    }

    private static void timesPowerVectors(
            float[] x, float[] d, float power, int from, int to, float[] y) {
        for (int i = from; i < to; i += LANES) {
            load(x, i).mul(VectorMath.exp(VectorMath.log(load(d, i)).mul(power))).intoArray(y, i);
        }
    }
}
