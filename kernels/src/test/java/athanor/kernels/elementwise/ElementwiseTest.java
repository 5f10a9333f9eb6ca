package athanor.kernels.elementwise;

import static athanor.kernels.Samples.assertClose;
import static athanor.kernels.Samples.floats;
import static athanor.kernels.Samples.onAnyThreads;
import static athanor.kernels.Samples.sizes;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ElementwiseTest {
    @ParameterizedTest
    @EnumSource(Unary.class)
    void a_unary_function_is_its_definition_at_any_length(Unary function) {
        for (int n : sizes()) {
            float[] x = floats(n, n + 3);
            float[] y =
                    onAnyThreads(
                            () -> {
                                float[] result = new float[n + 3];
                                Elementwise.unary(function, x, result, n);
                                return result;
                            });
            for (int i = 0; i < n; i++) {
                double wanted = function.apply(x[i]);
                if (Double.isNaN(wanted)) {
                    assertThat(y[i]).isNaN();
                } else {
                    double scale = Math.abs(function == Unary.GELU ? x[i] : wanted);
                    assertThat(y[i] - wanted)
                            .as("%s(%s)", function, x[i])
                            .isBetween(-4e-7 * scale, 4e-7 * scale);
                }
            }
            assertThat(y[n]).as("what lies behind is left alone").isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Unary.class,
            names = {"EXP", "LOG", "TANH", "SIGMOID", "SOFTPLUS", "SQRT", "RSQRT", "RELU"})
    void functions_hold_their_accuracy_over_all_floats(Unary function) {
        Random random = new Random(1);
        float[] x = new float[200_000];
        for (int i = 0; i < x.length; i++) {
            // Half over all bit patterns, half where the functions are neither flat nor infinite.
            x[i] =
                    i % 2 == 0
                            ? Float.intBitsToFloat(random.nextInt())
                            : random.nextFloat(-110, 110);
        }
        float[] y = new float[x.length];
        Elementwise.unary(function, x, y, x.length);
        for (int i = 0; i < x.length; i++) {
            double wanted = function.apply(x[i]);
            if (Double.isNaN(wanted)) {
                assertThat(y[i]).as("%s(%s)", function, x[i]).isNaN();
            } else if (Float.isInfinite((float) wanted)) {
                assertThat(y[i]).as("%s(%s)", function, x[i]).isEqualTo((float) wanted);
            } else if (Math.abs(y[i] - wanted) > 4e-7 * Math.abs(wanted) + Float.MIN_VALUE) {
                assertThat(y[i]).as("%s(%s)", function, x[i]).isEqualTo((float) wanted);
            }
        }
    }

    @Test
    void functions_are_right_at_the_edges() {
        float infinity = Float.POSITIVE_INFINITY;
        assertThat(edges(Unary.EXP, 0, -infinity, infinity, 100, -200, -103))
                .containsExactly(1, 0, infinity, infinity, 0, Float.MIN_VALUE);
        assertThat(edges(Unary.LOG, 0, 1, infinity, -0f))
                .containsExactly(-infinity, 0, infinity, -infinity);
        assertThat(edges(Unary.TANH, 0, -0f, infinity, -infinity, 1e-40f))
                .containsExactly(0, -0f, 1, -1, 1e-40f);
        assertThat(edges(Unary.SIGMOID, 0, infinity, -infinity, 200))
                .containsExactly(0.5f, 1, 0, 1);
        assertThat(edges(Unary.SILU, 0, infinity, 1e30f, -1e30f))
                .containsExactly(0, infinity, 1e30f, -0f);
        assertThat(edges(Unary.GELU, 0, infinity, 1e30f, -1e30f))
                .containsExactly(0, infinity, 1e30f, -0f);
        assertThat(edges(Unary.SOFTPLUS, infinity, -infinity, 1e30f))
                .containsExactly(infinity, 0, 1e30f);
        for (Unary function : Unary.values()) {
            assertThat(edges(function, Float.NaN)[0]).as("%s of NaN", function).isNaN();
        }
    }

    /// The vector form and the scalar form, which must agree.
    private static float[] edges(Unary function, float... x) {
        float[] vectors = new float[1024];
        for (int i = 0; i < vectors.length; i++) {
            vectors[i] = x[i % x.length];
        }
        Elementwise.unary(function, vectors, vectors, vectors.length);
        float[] y = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            float[] one = {x[i]};
            Elementwise.unary(function, one, one, 1);
            y[i] = one[0];
            assertThat(Float.compare(vectors[i], y[i])).isZero();
        }
        return y;
    }

    @ParameterizedTest
    @EnumSource(Unary.class)
    void a_number_gives_the_same_bits_in_a_vector_and_alone(Unary function) {
        float[] x = new float[4096];
        Random random = new Random(2);
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (random.nextGaussian() * Math.exp(random.nextGaussian() * 3));
        }
        float[] y = new float[x.length];
        Elementwise.unary(function, x, y, x.length);
        for (int i = 0; i < x.length; i++) {
            float[] one = {x[i]};
            Elementwise.unary(function, one, one, 1);
            assertThat(Float.compare(one[0], y[i])).as("%s(%s)", function, x[i]).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(Binary.class)
    void a_binary_function_is_its_definition_at_any_length_and_in_place(Binary function) {
        for (int n : sizes()) {
            float[] a = floats(n, n);
            float[] b = floats(n + 1, n);
            for (int i = 0; i < n; i++) {
                if (function == Binary.POWER) {
                    a[i] = Math.abs(a[i]);
                } else if (i % 7 == 0) {
                    b[i] = a[i];
                }
            }
            float[] y =
                    onAnyThreads(
                            () -> {
                                float[] result = a.clone();
                                Elementwise.binary(function, result, b, result, n);
                                return result;
                            });
            assertClose(function.name(), y, n, 1e-6, i -> function.apply(a[i], b[i]));
        }
    }

    @ParameterizedTest
    @EnumSource(Binary.class)
    void a_number_gives_the_same_bits_in_a_vector_and_alone(Binary function) {
        float[] a = floats(1, 500);
        float[] b = floats(2, 500);
        float[] y = new float[500];
        Elementwise.binary(function, a, b, y, 500);
        for (int i = 0; i < 500; i++) {
            float[] one = {a[i]};
            Elementwise.binary(function, one, new float[] {b[i]}, one, 1);
            assertThat(Float.compare(one[0], y[i])).as("%s(%s, %s)", function, a[i], b[i]).isZero();
        }
    }

    @Test
    void operands_repeat_along_any_axes() {
        int[][] cases = {
            {},
            {1},
            {5},
            {40_000},
            {7, 3},
            {100, 64},
            {3, 5000},
            {2, 3, 4},
            {4, 17, 1, 9},
            {2, 3, 2, 3, 5},
            {0, 3},
            {3, 1200, 20}
        };
        for (int[] lengths : cases) {
            for (int mask = 0; mask < 1 << (2 * lengths.length); mask++) {
                int rank = lengths.length;
                broadcast(
                        lengths,
                        strides(lengths, mask & ((1 << rank) - 1)),
                        strides(lengths, mask >> rank));
            }
        }
    }

    /// The strides of an operand that is 1 long along the axes whose bit is set.
    private static int[] strides(int[] lengths, int repeated) {
        int[] strides = new int[lengths.length];
        int stride = 1;
        for (int i = lengths.length - 1; i >= 0; i--) {
            if (((repeated >> i) & 1) == 0) {
                strides[i] = lengths[i] == 1 ? 0 : stride;
                stride *= lengths[i];
            }
        }
        return strides;
    }

    private static void broadcast(int[] lengths, int[] aStrides, int[] bStrides) {
        int size = 1;
        for (int length : lengths) {
            size *= length;
        }
        int n = size;
        float[] a = floats(1, Math.max(1, n));
        float[] b = floats(2, Math.max(1, n));
        float[] y = new float[n];
        Elementwise.binary(Binary.SUBTRACT, a, aStrides, b, bStrides, y, lengths);
        assertClose(
                "broadcast",
                y,
                n,
                0,
                i -> a[offset(i, lengths, aStrides)] - b[offset(i, lengths, bStrides)]);
    }

    private static int offset(int index, int[] lengths, int[] strides) {
        int offset = 0;
        int rest = index;
        for (int i = lengths.length - 1; i >= 0; i--) {
            offset += rest % lengths[i] * strides[i];
            rest /= lengths[i];
        }
        return offset;
    }

    @Test
    void a_repeated_operand_gives_the_same_bits_on_any_threads() {
        float[] x = floats(1, 64_000);
        float[] bias = floats(2, 64);
        float[] y =
                onAnyThreads(
                        () -> {
                            float[] result = x.clone();
                            Elementwise.binary(
                                    Binary.ADD,
                                    result,
                                    new int[] {64, 1},
                                    bias,
                                    new int[] {0, 1},
                                    result,
                                    new int[] {1000, 64});
                            return result;
                        });
        assertClose("x + bias", y, y.length, 1e-7, i -> (double) x[i] + bias[i % 64]);
    }

    @Test
    void select_takes_a_where_the_condition_is_not_zero() {
        for (int n : sizes()) {
            float[] a = floats(1, n);
            float[] b = floats(2, n);
            float[] condition = new float[n];
            for (int i = 0; i < n; i++) {
                condition[i] = i % 3 == 0 ? -0f : i % 3 == 1 ? Float.NaN : -2;
            }
            float[] y = new float[n];
            Elementwise.select(condition, a, b, y, n);
            assertClose("select", y, n, 0, i -> i % 3 == 0 ? b[i] : a[i]);
        }
    }

    @Test
    void casts_take_bytes_as_unsigned_and_round_towards_zero() {
        float[] y = new float[2];
        Elementwise.cast(new byte[] {-1, 7}, y, 2);
        assertThat(y).containsExactly(255, 7);
        Elementwise.cast(new int[] {-5, 1 << 20}, y, 2);
        assertThat(y).containsExactly(-5, 1 << 20);
        int[] ints = new int[2];
        Elementwise.cast(new float[] {-2.9f, 2.9f}, ints, 2);
        assertThat(ints).containsExactly(-2, 2);
    }
}
