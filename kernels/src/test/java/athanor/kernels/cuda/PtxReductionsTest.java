package athanor.kernels.cuda;

import static athanor.kernels.Samples.assertClose;
import static athanor.kernels.Samples.floats;
import static athanor.kernels.cuda.Gpu.STREAM;

import athanor.kernels.reduce.Reduction;
import athanor.kernels.reduce.Reductions;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PtxReductionsTest {
    private static final int[][] SHAPES = {
        // outer, length, inner
        {1, 1, 1}, {1, 3, 1}, {3, 10, 1}, {17, 33, 1}, {3, 257, 1}, {2, 1000, 1}, {1, 40_001, 1},
        {3, 0, 1}, {5, 9000, 1}, {1, 1, 3}, {1, 3, 10}, {3, 17, 17}, {2, 257, 33}, {1, 1000, 64},
        {1, 3001, 3}, {33, 10, 2}, {2, 0, 5}, {1, 20_001, 32}
    };

    @ParameterizedTest
    @EnumSource
    void a_middle_axis_is_reduced(Reduction reduction) {
        for (int[] shape : SHAPES) {
            int outer = shape[0];
            int length = shape[1];
            int inner = shape[2];
            int n = outer * inner;
            float[] x = floats(length, n * length);
            double[] wanted = new double[n];
            for (int i = 0; i < n; i++) {
                wanted[i] = reduction.identity();
                for (int j = 0; j < length; j++) {
                    double value = x[(i / inner * length + j) * inner + i % inner];
                    wanted[i] = reduction.combine(wanted[i], value);
                }
            }
            float[] y =
                    Gpu.run(
                            gpu -> {
                                long to = gpu.room(n);
                                new PtxReductions(gpu.ptx())
                                        .middle(
                                                STREAM, reduction, gpu.of(x), outer, length, inner,
                                                to);
                                return gpu.floats(to, n);
                            });
            double tolerance = reduction == Reduction.SUM ? 1e-7 * Math.sqrt(length + 4) : 0;
            assertClose(reduction + " of " + length, y, n, tolerance, i -> wanted[i]);
        }
    }

    @ParameterizedTest
    @EnumSource
    void any_axes_are_reduced(Reduction reduction) {
        int[] lengths = {3, 4, 5, 2, 7};
        float[] x = floats(1, 840);
        for (int marked = 0; marked < 32; marked++) {
            boolean[] axes = new boolean[5];
            int size = 1;
            for (int i = 0; i < 5; i++) {
                axes[i] = (marked >> i & 1) != 0;
                size *= axes[i] ? 1 : lengths[i];
            }
            int n = size;
            float[] wanted = new float[n];
            Reductions.reduce(reduction, x, lengths, axes, wanted);
            float[] y =
                    Gpu.run(
                            gpu -> {
                                long to = gpu.room(n);
                                new PtxReductions(gpu.ptx())
                                        .reduce(STREAM, reduction, gpu.of(x), lengths, axes, to);
                                return gpu.floats(to, n);
                            });
            double tolerance = reduction == Reduction.SUM ? 1e-6 : 0;
            assertClose("axes " + marked, y, n, tolerance, i -> wanted[i]);
        }
    }

    @Test
    void nan_is_the_result_of_any_that_hold_it() {
        for (int length : new int[] {1, 3, 17, 257, 1000}) {
            for (int inner : new int[] {1, 3}) {
                float[] x = floats(1, 2 * length * inner);
                x[new Random(length).nextInt(length * inner)] = Float.NaN;
                for (Reduction reduction : Reduction.values()) {
                    float[] wanted = new float[2 * inner];
                    boolean[] axes = {false, true, false};
                    Reductions.reduce(reduction, x, new int[] {2, length, inner}, axes, wanted);
                    float[] y =
                            Gpu.run(
                                    gpu -> {
                                        long to = gpu.room(2 * inner);
                                        new PtxReductions(gpu.ptx())
                                                .middle(
                                                        STREAM, reduction, gpu.of(x), 2, length,
                                                        inner, to);
                                        return gpu.floats(to, 2 * inner);
                                    });
                    for (int i = 0; i < 2 * inner; i++) {
                        if (Float.isNaN(wanted[i]) != Float.isNaN(y[i])) {
                            Gpu.assertSame(y, wanted);
                        }
                    }
                }
            }
        }
    }

    /// Row i has its extremum at place i.
    @Test
    void an_extremum_is_found_wherever_it_is() {
        int length = 1100;
        float[] x = new float[length * length];
        for (int i = 0; i < length; i++) {
            x[i * length + i] = 1;
        }
        for (int inner : new int[] {1, length}) {
            float[] y = new float[length];
            for (Reduction reduction : List.of(Reduction.MAXIMUM, Reduction.MINIMUM)) {
                float wanted = reduction == Reduction.MAXIMUM ? 1 : -1;
                for (int i = 0; i < length; i++) {
                    x[i * length + i] = wanted;
                }
                float[] found =
                        Gpu.run(
                                gpu -> {
                                    long to = gpu.room(length);
                                    int outer = length / inner;
                                    new PtxReductions(gpu.ptx())
                                            .middle(
                                                    STREAM, reduction, gpu.of(x), outer, length,
                                                    inner, to);
                                    return gpu.floats(to, length);
                                });
                Arrays.fill(y, wanted);
                Gpu.assertSame(found, y);
            }
        }
    }

    @Test
    void argmax_is_the_first_of_equals_and_of_nan() {
        for (int[] shape : SHAPES) {
            int outer = shape[0];
            int length = shape[1];
            int inner = shape[2];
            if (length == 0 || length > 2000) {
                continue;
            }
            int n = outer * inner;
            float[] few = new float[n * length];
            float[] withNan = new float[n * length];
            float[] lowest = new float[n * length];
            Random random = new Random(length);
            for (int i = 0; i < few.length; i++) {
                few[i] = random.nextInt(1 + length / 2);
                withNan[i] = random.nextInt(1 + length / 2) == 0 ? Float.NaN : few[i];
                lowest[i] = Float.NEGATIVE_INFINITY;
            }
            for (float[] x : new float[][] {floats(1, n * length), few, withNan, lowest}) {
                int[] wanted = new int[n];
                Reductions.argmax(x, outer, length, inner, wanted);
                Gpu.assertSame(
                        Gpu.run(
                                gpu -> {
                                    long y = gpu.room(n);
                                    new PtxReductions(gpu.ptx())
                                            .argmax(STREAM, gpu.of(x), outer, length, inner, y);
                                    return gpu.ints(y, n);
                                }),
                        wanted);
            }
        }
    }
}
