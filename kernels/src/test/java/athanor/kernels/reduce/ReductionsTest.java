package athanor.kernels.reduce;

import static athanor.kernels.Samples.assertClose;
import static athanor.kernels.Samples.floats;
import static athanor.kernels.Samples.onAnyThreads;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ReductionsTest {
    private static final int[][] SHAPES = {
        {},
        {1},
        {5},
        {100_000},
        {7, 3},
        {100, 64},
        {3, 5000},
        {5000, 3},
        {2, 3, 4},
        {9, 1, 33, 17},
        {2, 3, 2, 3, 5},
        {0, 3},
        {3, 0},
        {2, 700, 130}
    };

    @Test
    void any_set_of_axes_reduces_as_the_definition_says() {
        for (Reduction reduction : Reduction.values()) {
            for (int[] shape : SHAPES) {
                for (int mask = 0; mask < 1 << shape.length; mask++) {
                    check(reduction, shape, mask);
                }
            }
        }
    }

    private static void check(Reduction reduction, int[] shape, int mask) {
        int size = 1;
        int kept = 1;
        boolean[] axes = new boolean[shape.length];
        for (int i = 0; i < shape.length; i++) {
            axes[i] = ((mask >> i) & 1) == 1;
            size *= shape[i];
            kept *= axes[i] ? 1 : shape[i];
        }
        double[] wanted = new double[kept];
        Arrays.fill(wanted, reduction.identity());
        float[] x = floats(size, size);
        for (int i = 0; i < size; i++) {
            int place = 0;
            int stride = 1;
            int rest = i;
            for (int j = shape.length - 1; j >= 0; j--) {
                if (!axes[j]) {
                    place += rest % shape[j] * stride;
                    stride *= shape[j];
                }
                rest /= shape[j];
            }
            wanted[place] = reduction.combine(wanted[place], x[i]);
        }
        int n = kept;
        float[] y =
                onAnyThreads(
                        () -> {
                            float[] result = new float[n];
                            Reductions.reduce(reduction, x, shape, axes, result);
                            return result;
                        });
        if (size == 0) {
            return;
        }
        assertClose(reduction + " of " + Arrays.toString(shape), y, n, 3e-6, i -> wanted[i]);
    }

    @Test
    void a_sum_of_ten_million_loses_nothing_to_rounding() {
        float[] x = new float[10_000_000];
        Arrays.fill(x, 0.1f);
        float[] y = new float[1];
        Reductions.reduce(Reduction.SUM, x, new int[] {x.length}, new boolean[] {true}, y);
        assertThat(y[0]).isEqualTo((float) (0.1f * 1e7));
    }

    @Test
    void a_sum_over_nothing_is_zero() {
        float[] y = {7, 7, 7};
        Reductions.reduce(
                Reduction.SUM, new float[0], new int[] {0, 3}, new boolean[] {true, false}, y);
        assertThat(y).containsExactly(0, 0, 0);
    }

    @Test
    void maxima_and_minima_pass_nan_on() {
        for (Reduction reduction : new Reduction[] {Reduction.MAXIMUM, Reduction.MINIMUM}) {
            for (int place : new int[] {0, 5, 40, 49}) {
                float[] x = floats(1, 50);
                x[place] = Float.NaN;
                float[] y = new float[1];
                Reductions.reduce(reduction, x, new int[] {50}, new boolean[] {true}, y);
                assertThat(y[0]).isNaN();
            }
        }
    }

    @Test
    void argmax_is_the_first_maximum_and_nan_is_the_largest() {
        int[] y = new int[3];
        Reductions.argmax(
                new float[] {1, 5, 5, 3, Float.NaN, 9, Float.NaN, 1, -1, -2, -3, -4}, 3, 4, 1, y);
        assertThat(y).containsExactly(1, 0, 0);
        Reductions.argmax(new float[] {1, 2, 3, 3, 2, Float.NaN, 3, 4, 9}, 1, 3, 3, y);
        assertThat(y).containsExactly(1, 2, 1);
    }
}
