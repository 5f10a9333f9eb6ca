package athanor.engine.backend;

import static athanor.engine.backend.Reference.get;
import static athanor.engine.backend.Reference.set;

import athanor.engine.Backend;
import athanor.engine.Buffer;
import athanor.engine.Gate;
import java.util.Optional;

/// Normalization and softmax as their formulas say them. Memory is a matrix of rows: batch norm
/// takes its statistics down a column (a channel), the others along a row.
sealed interface ReferenceRows extends Backend permits Reference {
    /// `mean = sum of x / rows`, `variance = sum of (x - mean)^2 / rows`, in two passes, so that
    /// nothing cancels.
    @Override
    default void channelMoments(Buffer x, int rows, int channels, Buffer mean, Buffer variance) {
        for (int c = 0; c < channels; c++) {
            double average = mean(x, c, rows, channels);
            set(mean, c, average);
            set(variance, c, variance(x, c, rows, channels, average));
        }
    }

    /// `dShift = sum of g`, `dScale = sum of g xHat`, where `xHat = (x - mean) inverseDeviation`;
    /// see [#gated] for g.
    @Override
    default void batchNormSums(
            Buffer dy,
            Gate gate,
            Buffer x,
            int rows,
            int channels,
            Buffer mean,
            Buffer inverseDeviation,
            Buffer dScale,
            Buffer dShift) {
        for (int c = 0; c < channels; c++) {
            double sum = 0;
            double product = 0;
            for (int row = 0; row < rows; row++) {
                int i = row * channels + c;
                double g = gated(dy, gate, i, x, c);
                sum += g;
                product += g * (get(x, i) - get(mean, c)) * get(inverseDeviation, c);
            }
            set(dShift, c, sum);
            set(dScale, c, product);
        }
    }

    /// `dx = scale (g - (dShift + xHat dScale) / rows)`: the part of g that moves the mean or the
    /// variance is undone.
    @Override
    default void batchNormGradient(
            Buffer dy,
            Gate gate,
            Buffer x,
            int rows,
            int channels,
            Buffer mean,
            Buffer inverseDeviation,
            Buffer scale,
            Buffer dScale,
            Buffer dShift,
            Buffer dx,
            Optional<Buffer> dResidual) {
        for (int row = 0; row < rows; row++) {
            for (int c = 0; c < channels; c++) {
                int i = row * channels + c;
                double g = gated(dy, gate, i, x, c);
                double xHat = (get(x, i) - get(mean, c)) * get(inverseDeviation, c);
                set(dx, i, get(scale, c) * (g - (get(dShift, c) + xHat * get(dScale, c)) / rows));
                if (dResidual.isPresent()) {
                    set(dResidual.get(), i, g);
                }
            }
        }
    }

    /// dy where the gate lets it pass, else 0; NaN passes.
    private static double gated(Buffer dy, Gate gate, int i, Buffer x, int c) {
        double result =
                switch (gate) {
                    case Gate.Open() -> 1;
                    case Gate.Result(Buffer y) -> get(y, i);
                    case Gate.Normalized(Buffer scale, Buffer shift) ->
                            get(scale, c) * get(x, i) + get(shift, c);
                };
        return result <= 0 ? 0 : get(dy, i);
    }

    /// `y = (x - mean) / sqrt(variance + epsilon) gamma + beta`, row by row.
    @Override
    default void layerNorm(
            Buffer x,
            int rows,
            int width,
            double epsilon,
            Buffer gamma,
            Buffer beta,
            Buffer y,
            Buffer mean,
            Buffer inverseDeviation) {
        for (int row = 0; row < rows; row++) {
            int start = row * width;
            double average = mean(x, start, width, 1);
            double inverse = 1 / Math.sqrt(variance(x, start, width, 1, average) + epsilon);
            for (int j = 0; j < width; j++) {
                set(
                        y,
                        start + j,
                        (get(x, start + j) - average) * inverse * get(gamma, j) + get(beta, j));
            }
            set(mean, row, average);
            set(inverseDeviation, row, inverse);
        }
    }

    /// `dx = inverseDeviation (g - mean of g - xHat mean of (g xHat))`, where `g = dy gamma` and
    /// `xHat = (x - mean) inverseDeviation`.
    @Override
    default void layerNormGradient(
            Buffer dy,
            Buffer x,
            int rows,
            int width,
            Buffer gamma,
            Buffer mean,
            Buffer inverseDeviation,
            Buffer dx) {
        for (int row = 0; row < rows; row++) {
            int start = row * width;
            double average = get(mean, row);
            double inverse = get(inverseDeviation, row);
            double sum = 0;
            double product = 0;
            for (int j = 0; j < width; j++) {
                double g = get(dy, start + j) * get(gamma, j);
                sum += g;
                product += g * (get(x, start + j) - average) * inverse;
            }
            for (int j = 0; j < width; j++) {
                double g = get(dy, start + j) * get(gamma, j);
                double xHat = (get(x, start + j) - average) * inverse;
                set(dx, start + j, inverse * (g - sum / width - xHat * product / width));
            }
        }
    }

    /// `d[c] = k + alpha / size * sum of x[j]^2`, `y[c] = x[c] d[c]^-beta`. The window around c
    /// reaches `size / 2` channels down and `(size - 1) / 2` up; channels outside count as 0.
    @Override
    default void localResponseNorm(
            Buffer x,
            int rows,
            int channels,
            int size,
            double alpha,
            double beta,
            double k,
            Buffer y,
            Buffer d) {
        for (int row = 0; row < rows; row++) {
            int start = row * channels;
            for (int c = 0; c < channels; c++) {
                double sum = 0;
                int end = Math.min(c + (size - 1) / 2, channels - 1);
                for (int j = Math.max(c - size / 2, 0); j <= end; j++) {
                    sum += get(x, start + j) * get(x, start + j);
                }
                double divisor = k + alpha / size * sum;
                set(d, start + c, divisor);
                set(y, start + c, get(x, start + c) * Math.pow(divisor, -beta));
            }
        }
    }

    /// `dx[j] = dy[j] d[j]^-beta - 2 alpha beta / size x[j] sum of dy[c] x[c] d[c]^(-beta - 1)`
    /// over the channels c whose window holds j.
    @Override
    default void localResponseNormGradient(
            Buffer dy,
            Buffer x,
            Buffer d,
            int rows,
            int channels,
            int size,
            double alpha,
            double beta,
            Buffer dx) {
        for (int row = 0; row < rows; row++) {
            int start = row * channels;
            for (int j = 0; j < channels; j++) {
                double sum = 0;
                int end = Math.min(j + size / 2, channels - 1);
                for (int c = Math.max(j - (size - 1) / 2, 0); c <= end; c++) {
                    sum +=
                            get(dy, start + c)
                                    * get(x, start + c)
                                    * Math.pow(get(d, start + c), -beta - 1);
                }
                double direct = get(dy, start + j) * Math.pow(get(d, start + j), -beta);
                set(dx, start + j, direct - 2 * alpha * beta / size * get(x, start + j) * sum);
            }
        }
    }

    /// `y = exp(x - max) / sum of exp(x - max)`: the maximum cancels, and without it exp would
    /// overflow.
    @Override
    default void softmax(Buffer x, int rows, int width, Buffer y) {
        for (int row = 0; row < rows; row++) {
            int start = row * width;
            double max = max(x, start, width);
            double sum = sumOfExp(x, start, width, max);
            for (int i = start; i < start + width; i++) {
                set(y, i, Math.exp(get(x, i) - max) / sum);
            }
        }
    }

    /// `dx = y (dy - sum of dy y)`.
    @Override
    default void softmaxGradient(Buffer dy, Buffer y, int rows, int width, Buffer dx) {
        for (int row = 0; row < rows; row++) {
            int start = row * width;
            double sum = 0;
            for (int i = start; i < start + width; i++) {
                sum += get(dy, i) * get(y, i);
            }
            for (int i = start; i < start + width; i++) {
                set(dx, i, get(y, i) * (get(dy, i) - sum));
            }
        }
    }

    /// `y = x - max - log(sum of exp(x - max))`.
    @Override
    default void logSoftmax(Buffer x, int rows, int width, Buffer y) {
        for (int row = 0; row < rows; row++) {
            int start = row * width;
            double max = max(x, start, width);
            double logSum = Math.log(sumOfExp(x, start, width, max));
            for (int i = start; i < start + width; i++) {
                set(y, i, get(x, i) - max - logSum);
            }
        }
    }

    /// `dx = dy - exp(y) * sum of dy`.
    @Override
    default void logSoftmaxGradient(Buffer dy, Buffer y, int rows, int width, Buffer dx) {
        for (int row = 0; row < rows; row++) {
            int start = row * width;
            double sum = 0;
            for (int i = start; i < start + width; i++) {
                sum += get(dy, i);
            }
            for (int i = start; i < start + width; i++) {
                set(dx, i, get(dy, i) - Math.exp(get(y, i)) * sum);
            }
        }
    }

    private static double mean(Buffer x, int start, int count, int stride) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += get(x, start + i * stride);
        }
        return sum / count;
    }

    private static double variance(Buffer x, int start, int count, int stride, double mean) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            double difference = get(x, start + i * stride) - mean;
            sum += difference * difference;
        }
        return sum / count;
    }

    private static double max(Buffer x, int start, int width) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = start; i < start + width; i++) {
            max = Math.max(max, get(x, i));
        }
        return max;
    }

    private static double sumOfExp(Buffer x, int start, int width, double max) {
        double sum = 0;
        for (int i = start; i < start + width; i++) {
            sum += Math.exp(get(x, i) - max);
        }
        return sum;
    }
}
