package athanor.kernels.cuda;

import static athanor.kernels.Samples.assertClose;
import static athanor.kernels.Samples.floats;
import static athanor.kernels.cuda.Gpu.STREAM;
import static org.assertj.core.api.Assertions.assertThat;

import athanor.kernels.normalize.BatchNorm;
import athanor.kernels.normalize.LayerNorm;
import athanor.kernels.normalize.LocalResponseNorm;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class PtxNormalizationTest {
    private static final int[] CHANNELS = {1, 3, 4, 10, 17, 64};
    private static final int[] ROWS = {1, 3, 10, 20, 28, 33, 257, 1000};

    @Test
    void moments_are_those_of_double_even_far_from_zero() {
        for (int channels : CHANNELS) {
            for (int rows : ROWS) {
                float[] x = floats(rows, rows * channels);
                for (int i = 0; i < x.length; i++) {
                    x[i] += 1000 * (i % channels);
                }
                double[] mean = new double[channels];
                double[] variance = new double[channels];
                for (int i = 0; i < x.length; i++) {
                    mean[i % channels] += x[i] / (double) rows;
                }
                for (int i = 0; i < x.length; i++) {
                    double d = x[i] - mean[i % channels];
                    variance[i % channels] += d * d / rows;
                }
                float[] y =
                        Gpu.run(
                                gpu -> {
                                    long to = gpu.room(2 * channels);
                                    new PtxNormalization(gpu.ptx())
                                            .channelMoments(
                                                    STREAM,
                                                    gpu.of(x),
                                                    rows,
                                                    channels,
                                                    to,
                                                    to + 4L * channels);
                                    return gpu.floats(to, 2 * channels);
                                });
                assertClose(
                        rows + " rows of " + channels,
                        y,
                        2 * channels,
                        1e-6,
                        i -> i < channels ? mean[i] : variance[i - channels]);
            }
        }
    }

    @Test
    void moments_of_no_rows_are_nan() {
        float[] y =
                Gpu.run(
                        gpu -> {
                            long to = gpu.room(6);
                            new PtxNormalization(gpu.ptx())
                                    .channelMoments(STREAM, gpu.room(0), 0, 3, to, to + 12);
                            return gpu.floats(to, 6);
                        });
        assertThat(y).containsOnly(Float.NaN);
    }

    @Test
    void normalize_add_relu_has_the_bits_of_the_cpu() {
        for (int channels : CHANNELS) {
            for (int rows : ROWS) {
                int n = rows * channels;
                float[] x = floats(1, n);
                x[n / 2] = Float.NaN;
                float[] scale = floats(2, channels);
                float[] shift = floats(3, channels);
                float[] residual = floats(4, n);
                for (int flags = 0; flags < 4; flags++) {
                    boolean relu = (flags & 1) != 0;
                    boolean adds = (flags & 2) != 0;
                    float[] wanted = new float[n];
                    BatchNorm.normalizeAddRelu(
                            x,
                            rows,
                            channels,
                            scale,
                            shift,
                            adds ? Optional.of(residual) : Optional.empty(),
                            relu,
                            wanted);
                    Gpu.assertSame(
                            Gpu.runStrided(
                                    gpu -> {
                                        long y = gpu.room(n);
                                        new PtxNormalization(gpu.ptx())
                                                .normalizeAddRelu(
                                                        STREAM,
                                                        gpu.of(x),
                                                        rows,
                                                        channels,
                                                        gpu.of(scale),
                                                        gpu.of(shift),
                                                        adds
                                                                ? OptionalLong.of(gpu.of(residual))
                                                                : OptionalLong.empty(),
                                                        relu,
                                                        y);
                                        return gpu.floats(y, n);
                                    }),
                            wanted);
                }
            }
        }
    }

    @Test
    void batch_norm_flows_back() {
        for (int channels : CHANNELS) {
            for (int rows : ROWS) {
                for (Gating gating : Gating.values()) {
                    backward(rows, channels, gating);
                }
            }
        }
    }

    private enum Gating {
        OPEN,
        RESULT,
        NORMALIZED
    }

    private static void backward(int rows, int channels, Gating gating) {
        boolean kept = gating != Gating.OPEN;
        int n = rows * channels;
        float[] dy = floats(1, n);
        float[] output = floats(2, n);
        float[] slope = floats(7, channels);
        float[] shift = floats(8, channels);
        float[] x = floats(3, n);
        float[] mean = floats(4, channels);
        float[] inverse = floats(5, channels);
        float[] scale = floats(6, channels);
        double[] g = new double[n];
        double[] dScale = new double[channels];
        double[] dShift = new double[channels];
        for (int i = 0; i < n; i++) {
            int c = i % channels;
            boolean passes =
                    switch (gating) {
                        case OPEN -> true;
                        case RESULT -> output[i] > 0;
                        case NORMALIZED -> Math.fma(x[i], slope[c], shift[c]) > 0;
                    };
            g[i] = passes ? dy[i] : 0;
            dShift[c] += g[i];
            dScale[c] += g[i] * ((double) x[i] - mean[c]) * inverse[c];
        }
        float[] sums =
                Gpu.run(
                        gpu -> {
                            long to = gpu.room(2 * channels);
                            new PtxNormalization(gpu.ptx())
                                    .batchNormSums(
                                            STREAM,
                                            gpu.of(dy),
                                            gate(gpu, gating, output, slope, shift),
                                            gpu.of(x),
                                            rows,
                                            channels,
                                            gpu.of(mean),
                                            gpu.of(inverse),
                                            to,
                                            to + 4L * channels);
                            return gpu.floats(to, 2 * channels);
                        });
        assertClose(
                "sums of " + rows + " rows of " + channels,
                sums,
                2 * channels,
                1e-6 * Math.sqrt(rows),
                i -> i < channels ? dScale[i] : dShift[i - channels]);
        float[] slopes = new float[channels];
        float[] offsets = new float[channels];
        for (int c = 0; c < channels; c++) {
            slopes[c] = (float) dScale[c];
            offsets[c] = (float) dShift[c];
        }
        float[] y =
                Gpu.runStrided(
                        gpu -> {
                            long dx = gpu.of(x);
                            long dResidual = gpu.of(dy);
                            new PtxNormalization(gpu.ptx())
                                    .batchNormGradient(
                                            STREAM,
                                            dResidual,
                                            gate(gpu, gating, output, slope, shift),
                                            dx,
                                            rows,
                                            channels,
                                            gpu.of(mean),
                                            gpu.of(inverse),
                                            gpu.of(scale),
                                            gpu.of(slopes),
                                            gpu.of(offsets),
                                            dx,
                                            kept
                                                    ? OptionalLong.of(dResidual)
                                                    : OptionalLong.empty());
                            float[] result = Arrays.copyOf(gpu.floats(dx, n), 2 * n);
                            if (kept) {
                                System.arraycopy(gpu.floats(dResidual, n), 0, result, n, n);
                            }
                            return result;
                        });
        assertClose(
                "gradient of " + rows + " rows of " + channels,
                y,
                kept ? 2 * n : n,
                1e-5,
                i -> {
                    if (i >= n) {
                        return g[i - n];
                    }
                    int c = i % channels;
                    double xHat = ((double) x[i] - mean[c]) * inverse[c];
                    return scale[c] * (g[i] - (offsets[c] + xHat * slopes[c]) / rows);
                });
    }

    private static PtxNormalization.Gate gate(
            Gpu gpu, Gating gating, float[] output, float[] scale, float[] shift) {
        return switch (gating) {
            case OPEN -> PtxNormalization.Gate.OPEN;
            case RESULT -> new PtxNormalization.Gate(gpu.of(output), 0, 0);
            case NORMALIZED -> new PtxNormalization.Gate(0, gpu.of(scale), gpu.of(shift));
        };
    }

    @Test
    void layer_norm_goes_forth_and_back() {
        for (int width : new int[] {1, 3, 10, 17, 33, 129, 257, 1000, 1500}) {
            int rows = 3;
            int n = rows * width;
            float[] x = floats(1, n);
            for (int i = 0; i < n; i++) {
                x[i] += 100 * (i / width);
            }
            float[] gamma = floats(2, width);
            float[] beta = floats(3, width);
            float[] dy = floats(4, n);
            float[] wanted = new float[n];
            float[] mean = new float[rows];
            float[] inverse = new float[rows];
            float[] wantedGradient = new float[n];
            LayerNorm.forward(x, rows, width, 1e-5, gamma, beta, wanted, mean, inverse);
            LayerNorm.gradient(dy, x, rows, width, gamma, mean, inverse, wantedGradient);
            float[] y =
                    Gpu.run(
                            gpu -> {
                                long to = gpu.room(n + 2 * rows);
                                long centers = to + 4L * n;
                                new PtxNormalization(gpu.ptx())
                                        .layerNorm(
                                                STREAM,
                                                gpu.of(x),
                                                rows,
                                                width,
                                                1e-5,
                                                gpu.of(gamma),
                                                gpu.of(beta),
                                                to,
                                                centers,
                                                centers + 4L * rows);
                                return gpu.floats(to, n + 2 * rows);
                            });
            // The CPU's x - mean has lost what a mean of 200 takes of a float.
            assertClose("layer norm of " + width, y, n, 1e-4, i -> wanted[i]);
            for (int row = 0; row < rows; row++) {
                assertThat(y[n + row]).isBetween(mean[row] - 2e-5f, mean[row] + 2e-5f);
                assertThat(y[n + rows + row] / inverse[row]).isBetween(0.99999f, 1.00001f);
            }
            float[] dx =
                    Gpu.run(
                            gpu -> {
                                long to = gpu.room(n);
                                new PtxNormalization(gpu.ptx())
                                        .layerNormGradient(
                                                STREAM,
                                                gpu.of(dy),
                                                gpu.of(x),
                                                rows,
                                                width,
                                                gpu.of(gamma),
                                                gpu.of(mean),
                                                gpu.of(inverse),
                                                to);
                                return gpu.floats(to, n);
                            });
            double steepest = Math.max(1, Math.max(inverse[0], inverse[2]));
            assertClose(
                    "layer norm gradient of " + width,
                    dx,
                    n,
                    1e-5 * steepest,
                    i -> wantedGradient[i]);
        }
    }

    @Test
    void local_response_norm_has_the_bits_of_the_cpu() {
        for (int channels : CHANNELS) {
            for (int size : new int[] {1, 2, 5, 8}) {
                int rows = 17;
                int n = rows * channels;
                float[] x = floats(1, n);
                float[] dy = floats(2, n);
                float[] wanted = new float[n];
                float[] d = new float[n];
                float[] wantedGradient = new float[n];
                LocalResponseNorm.forward(x, rows, channels, size, 0.1, 0.75, 2, wanted, d);
                LocalResponseNorm.gradient(
                        dy, x, d, rows, channels, size, 0.1, 0.75, wantedGradient);
                float[] y =
                        Gpu.runStrided(
                                gpu -> {
                                    long to = gpu.room(2 * n);
                                    new PtxNormalization(gpu.ptx())
                                            .localResponseNorm(
                                                    STREAM,
                                                    gpu.of(x),
                                                    rows,
                                                    channels,
                                                    size,
                                                    0.1,
                                                    0.75,
                                                    2,
                                                    to,
                                                    to + 4L * n);
                                    return gpu.floats(to, 2 * n);
                                });
                Gpu.assertSame(Arrays.copyOf(y, n), wanted);
                Gpu.assertSame(Arrays.copyOfRange(y, n, 2 * n), d);
                Gpu.assertSame(
                        Gpu.runStrided(
                                gpu -> {
                                    long to = gpu.room(n);
                                    new PtxNormalization(gpu.ptx())
                                            .localResponseNormGradient(
                                                    STREAM,
                                                    gpu.of(dy),
                                                    gpu.of(x),
                                                    gpu.of(d),
                                                    rows,
                                                    channels,
                                                    size,
                                                    0.1,
                                                    0.75,
                                                    to);
                                    return gpu.floats(to, n);
                                }),
                        wantedGradient);
            }
        }
    }
}
