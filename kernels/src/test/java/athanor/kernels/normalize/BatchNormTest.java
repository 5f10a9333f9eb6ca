package athanor.kernels.normalize;

import static athanor.kernels.Samples.assertClose;
import static athanor.kernels.Samples.floats;
import static athanor.kernels.Samples.onAnyThreads;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BatchNormTest {
    private static final int[][] SHAPES = {
        {1, 1}, {5, 3}, {33, 17}, {100, 10}, {3000, 64}, {40_000, 8}, {70, 1030}
    };

    @Test
    void moments_are_the_mean_and_the_variance_of_each_channel() {
        for (int[] shape : SHAPES) {
            int rows = shape[0];
            int channels = shape[1];
            float[] x = floats(1, rows * channels);
            double[] mean = new double[channels];
            double[] variance = new double[channels];
            for (int i = 0; i < x.length; i++) {
                mean[i % channels] += (double) x[i] / rows;
            }
            for (int i = 0; i < x.length; i++) {
                variance[i % channels] += Math.pow(x[i] - mean[i % channels], 2) / rows;
            }
            float[] y = onAnyThreads(() -> moments(x, rows, channels));
            assertClose("mean", y, channels, 5e-7, c -> mean[c]);
            assertClose(
                    "variance",
                    Arrays.copyOfRange(y, channels, 2 * channels),
                    channels,
                    3e-6,
                    c -> variance[c]);
        }
    }

    /// The means, then the variances.
    private static float[] moments(float[] x, int rows, int channels) {
        float[] mean = new float[channels];
        float[] variance = new float[channels];
        BatchNorm.channelMoments(x, rows, channels, mean, variance);
        float[] both = Arrays.copyOf(mean, 2 * channels);
        System.arraycopy(variance, 0, both, channels, channels);
        return both;
    }

    @Test
    void a_mean_far_larger_than_the_deviation_does_not_ruin_the_variance() {
        float[] x = new float[10_000 * 17];
        for (int i = 0; i < x.length; i++) {
            x[i] = 1e6f + i / 17 % 2;
        }
        float[] y = moments(x, 10_000, 17);
        for (int c = 0; c < 17; c++) {
            assertThat(y[c]).isEqualTo(1e6f + 0.5f);
            assertThat(y[17 + c]).isEqualTo(0.25f);
        }
    }

    @Test
    void equal_numbers_have_no_variance() {
        float[] x = new float[300];
        Arrays.fill(x, 0.1f);
        assertThat(moments(x, 100, 3)).containsExactly(0.1f, 0.1f, 0.1f, 0, 0, 0);
    }

    @Test
    void no_rows_have_neither_mean_nor_variance() {
        assertThat(moments(new float[0], 0, 1)).containsExactly(Float.NaN, Float.NaN);
    }

    @Test
    void normalizing_scales_shifts_adds_and_cuts() {
        for (int[] shape : SHAPES) {
            int rows = shape[0];
            int channels = shape[1];
            float[] x = floats(1, rows * channels);
            float[] residual = floats(2, rows * channels);
            float[] scale = floats(3, channels);
            float[] shift = floats(4, channels);
            for (int mode = 0; mode < 4; mode++) {
                boolean relu = mode % 2 == 1;
                Optional<float[]> added = mode < 2 ? Optional.empty() : Optional.of(residual);
                float[] y =
                        onAnyThreads(
                                () -> {
                                    float[] result = new float[x.length];
                                    BatchNorm.normalizeAddRelu(
                                            x, rows, channels, scale, shift, added, relu, result);
                                    return result;
                                });
                assertClose(
                        "normalizeAddRelu",
                        y,
                        y.length,
                        3e-7,
                        i -> {
                            double sum = (double) x[i] * scale[i % channels] + shift[i % channels];
                            sum += added.isPresent() ? residual[i] : 0;
                            return relu ? Math.max(sum, 0) : sum;
                        });
            }
        }
    }

    @Test
    void the_gradient_is_its_formula_without_relu_and_behind_one() {
        for (int[] shape : SHAPES) {
            int rows = shape[0];
            int channels = shape[1];
            int size = rows * channels;
            float[] dy = floats(1, size);
            float[] x = floats(2, size);
            float[] y = floats(6, size);
            float[] scale = floats(7, channels);
            float[] shift = floats(8, channels);
            gradient(rows, channels, dy, x, Gate.open(dy, channels), dy);
            gradient(rows, channels, dy, x, Gate.of(y, channels), gated(dy, y));
            float[] normalized = new float[size];
            BatchNorm.normalizeAddRelu(
                    x, rows, channels, scale, shift, Optional.empty(), true, normalized);
            gradient(rows, channels, dy, x, new Gate(x, scale, shift), gated(dy, normalized));
        }
    }

    @Test
    void a_gradient_that_is_not_a_number_passes_an_open_gate() {
        float[] dy = {Float.NaN, Float.POSITIVE_INFINITY};
        float[] dResidual = new float[2];
        float[] zero = new float[1];
        BatchNorm.gradient(
                dy,
                Gate.open(dy, 1),
                new float[2],
                2,
                1,
                zero,
                zero,
                zero,
                zero,
                zero,
                new float[2],
                Optional.of(dResidual));
        assertThat(dResidual).containsExactly(dy);
    }

    private static float[] gated(float[] dy, float[] y) {
        float[] g = new float[dy.length];
        for (int i = 0; i < g.length; i++) {
            g[i] = y[i] > 0 ? dy[i] : 0;
        }
        return g;
    }

    /// @param g what passes the gate
    private static void gradient(
            int rows, int channels, float[] dy, float[] x, Gate gate, float[] g) {
        float[] mean = floats(3, channels);
        float[] inverse = floats(4, channels);
        float[] scale = floats(5, channels);
        double[] shiftSums = new double[channels];
        double[] scaleSums = new double[channels];
        for (int i = 0; i < dy.length; i++) {
            int c = i % channels;
            shiftSums[c] += g[i];
            scaleSums[c] += g[i] * ((double) x[i] - mean[c]) * inverse[c];
        }
        float[] dScale = new float[channels];
        float[] dShift =
                onAnyThreads(
                        () -> {
                            float[] result = new float[channels];
                            BatchNorm.sums(
                                    dy, gate, x, rows, channels, mean, inverse, dScale, result);
                            return result;
                        });
        assertClose("dShift", dShift, channels, 1e-6 * Math.sqrt(rows), c -> shiftSums[c]);
        assertClose("dScale", dScale, channels, 1e-6 * Math.sqrt(rows), c -> scaleSums[c]);

        float[] kept = new float[dy.length];
        float[] dx =
                onAnyThreads(
                        () -> {
                            float[] result = new float[dy.length];
                            BatchNorm.gradient(
                                    dy,
                                    gate,
                                    x,
                                    rows,
                                    channels,
                                    mean,
                                    inverse,
                                    scale,
                                    dScale,
                                    dShift,
                                    result,
                                    Optional.of(kept));
                            return result;
                        });
        assertThat(kept).isEqualTo(g);
        assertClose(
                "dx",
                dx,
                dx.length,
                2e-6,
                i -> {
                    int c = i % channels;
                    double normalized = ((double) x[i] - mean[c]) * inverse[c];
                    return scale[c] * (g[i] - (shiftSums[c] + normalized * scaleSums[c]) / rows);
                });
        // Over x, and without a residual.
        float[] over = x.clone();
        Gate same = gate.values() == x ? new Gate(over, gate.scale(), gate.shift()) : gate;
        BatchNorm.gradient(
                dy,
                same,
                over,
                rows,
                channels,
                mean,
                inverse,
                scale,
                dScale,
                dShift,
                over,
                Optional.empty());
        assertThat(over).isEqualTo(dx);
        float[] overDy = dy.clone();
        float[] overX = x.clone();
        BatchNorm.gradient(
                overDy,
                gate.values() == x ? new Gate(overX, gate.scale(), gate.shift()) : gate,
                overX,
                rows,
                channels,
                mean,
                inverse,
                scale,
                dScale,
                dShift,
                overX,
                Optional.of(overDy));
        assertThat(overX).isEqualTo(dx);
        assertThat(overDy).isEqualTo(g);
    }
}
