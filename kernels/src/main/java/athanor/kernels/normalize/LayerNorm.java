package athanor.kernels.normalize;

import athanor.kernels.parallel.Parallel;
import athanor.kernels.reduce.Rows;

/// Layer normalization (Ba, Kiros, Hinton 2016) of the rows of x `[rows, width]`.
public final class LayerNorm {
    private LayerNorm() {}

    /// `y = (x - mean) inverseDeviation gamma + beta`, with `inverseDeviation = 1 / sqrt(variance +
    /// epsilon)`; the mean and the inverse deviation of each row are kept.
    public static void forward(
            float[] x,
            int rows,
            int width,
            double epsilon,
            float[] gamma,
            float[] beta,
            float[] y,
            float[] mean,
            float[] inverseDeviation) {
        Parallel.range(
                rows,
                piece(width),
                (from, to) -> {
                    for (int row = from; row < to; row++) {
                        int at = row * width;
                        double center = Rows.sum(x, at, width) / width;
                        double variance = Rows.squares(x, at, width, center) / width;
                        mean[row] = (float) center;
                        inverseDeviation[row] = (float) (1 / Math.sqrt(variance + epsilon));
                        normalize(x, at, width, mean[row], inverseDeviation[row], gamma, beta, y);
                    }
                });
    }

    /// With g = dy gamma and n = (x - mean) inverseDeviation: `dx = inverseDeviation (g - mean of g
    /// - n mean of g n)`.
    public static void gradient(
            float[] dy,
            float[] x,
            int rows,
            int width,
            float[] gamma,
            float[] mean,
            float[] inverseDeviation,
            float[] dx) {
        Parallel.range(
                rows,
                piece(width),
                (from, to) -> {
                    for (int row = from; row < to; row++) {
                        int at = row * width;
                        multiply(dy, at, gamma, width, dx);
                        float inverse = inverseDeviation[row];
                        double sum = Rows.sum(dx, at, width);
                        double product = Rows.dot(dx, at, x, at, width, mean[row]);
                        float slope = (float) (-product * inverse * inverse / width);
                        combine(
                                dx,
                                at,
                                x,
                                width,
                                mean[row],
                                inverse,
                                slope,
                                (float) (-sum / width));
                    }
                });
    }

    private static int piece(int width) {
        return Math.max(1, 16_384 / Math.max(1, width));
    }

    private static void normalize(
            float[] x,
            int at,
            int width,
            float mean,
            float inverse,
            float[] gamma,
            float[] beta,
            float[] y) {
        for (int i = 0; i < width; i++) {
            y[at + i] = Math.fma((x[at + i] - mean) * inverse, gamma[i], beta[i]);
        }
    }

    private static void multiply(float[] dy, int at, float[] gamma, int width, float[] g) {
        for (int i = 0; i < width; i++) {
            g[at + i] = dy[at + i] * gamma[i];
        }
    }

    private static void combine(
            float[] dx,
            int at,
            float[] x,
            int width,
            float mean,
            float inverse,
            float slope,
            float offset) {
        for (int i = at; i < at + width; i++) {
            dx[i] = inverse * (Math.fma(x[i] - mean, slope, dx[i]) + offset);
        }
    }
}
