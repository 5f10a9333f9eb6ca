package athanor.kernels.softmax;

import static athanor.kernels.elementwise.VectorMath.LANES;
import static athanor.kernels.elementwise.VectorMath.load;

import athanor.kernels.elementwise.VectorMath;
import athanor.kernels.parallel.Parallel;
import athanor.kernels.reduce.Rows;

/// Softmax and its logarithm along the rows of x `[rows, width]`, and their gradients. The row's
/// maximum is subtracted first, so that no exponential overflows.
public final class Softmax {
    private Softmax() {}

    /// `y = exp(x - max) / sum of exp(x - max)`.
    public static void softmax(float[] x, int rows, int width, float[] y) {
        Parallel.range(
                rows,
                piece(width),
                (from, to) -> {
                    for (int row = from; row < to; row++) {
                        int at = row * width;
                        exponentials(x, y, Rows.maximum(x, at, width), at, at + width);
                        scale(y, (float) (1 / Rows.sum(y, at, width)), at, at + width);
                    }
                });
    }

    /// `y = x - max - log(sum of exp(x - max))`.
    public static void logSoftmax(float[] x, int rows, int width, float[] y) {
        Parallel.range(
                rows,
                piece(width),
                (from, to) -> {
                    for (int row = from; row < to; row++) {
                        int at = row * width;
                        float maximum = Rows.maximum(x, at, width);
                        exponentials(x, y, maximum, at, at + width);
                        float log = (float) StrictMath.log(Rows.sum(y, at, width));
                        for (int i = at; i < at + width; i++) {
                            y[i] = x[i] - maximum - log;
                        }
                    }
                });
    }

    /// `dx = y (dy - sum of dy y)`.
    public static void softmaxGradient(float[] dy, float[] y, int rows, int width, float[] dx) {
        Parallel.range(
                rows,
                piece(width),
                (from, to) -> {
                    for (int row = from; row < to; row++) {
                        int at = row * width;
                        float sum = (float) Rows.dot(dy, at, y, at, width, 0);
                        for (int i = at; i < at + width; i++) {
                            dx[i] = y[i] * (dy[i] - sum);
                        }
                    }
                });
    }

    /// `dx = dy - exp(y) sum of dy`.
    public static void logSoftmaxGradient(float[] dy, float[] y, int rows, int width, float[] dx) {
        Parallel.range(
                rows,
                piece(width),
                (from, to) -> {
                    for (int row = from; row < to; row++) {
                        int at = row * width;
                        float sum = (float) Rows.sum(dy, at, width);
                        exponentials(y, dx, 0, at, at + width);
                        for (int i = at; i < at + width; i++) {
                            dx[i] = Math.fma(dx[i], -sum, dy[i]);
                        }
                    }
                });
    }

    /// Rows worth a piece of their own.
    private static int piece(int width) {
        return Math.max(1, 8192 / Math.max(1, width));
    }

    /// `y = exp(x - shift)`.
    private static void exponentials(float[] x, float[] y, float shift, int from, int to) {
        int end = to - (to - from) % LANES;
        if (end > from) {
            exponentialVectors(x, y, shift, from, end);
        }
        for (int i = end; i < to; i++) {
            y[i] = VectorMath.exp(x[i] - shift);
        }
    }

    private static void exponentialVectors(float[] x, float[] y, float shift, int from, int to) {
        for (int i = from; i < to; i += LANES) {
            VectorMath.exp(load(x, i).sub(shift)).intoArray(y, i);
        }
    }

    private static void scale(float[] y, float factor, int from, int to) {
        for (int i = from; i < to; i++) {
            y[i] *= factor;
        }
    }
}
