package athanor.kernels.cuda;

import static athanor.kernels.Samples.floats;
import static athanor.kernels.cuda.Gpu.STREAM;
import static org.assertj.core.api.Assertions.assertThat;

import athanor.kernels.elementwise.Binary;
import athanor.kernels.elementwise.Elementwise;
import athanor.kernels.elementwise.Unary;
import java.util.Random;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PtxElementwiseTest {
    private static final int[] SIZES = {1, 2, 3, 4, 10, 17, 33, 257, 1000, 4099};
    private static final float[] SPECIAL = {
        0,
        -0f,
        1,
        -1,
        Float.NaN,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        1e-40f,
        -1e-40f,
        100,
        -100,
        88.7f,
        -103.5f,
        0.625f,
        2,
        -2,
        3,
        0.5f,
        10.5f,
        -11,
        1e30f,
        -1e30f,
        16777217
    };

    /// Any order of magnitude, and the special numbers.
    private static float[] samples(int seed, int n) {
        float[] x = floats(seed, n);
        Random random = new Random(seed);
        for (int i = 0; i < n; i++) {
            x[i] *= (float) Math.exp(3 * random.nextGaussian());
            if (random.nextInt(4) == 0) {
                x[i] = SPECIAL[random.nextInt(SPECIAL.length)];
            }
        }
        return x;
    }

    @ParameterizedTest
    @EnumSource
    void functions_of_one_number_give_the_bits_of_the_cpu(Unary function) {
        for (int n : SIZES) {
            float[] x = samples(n, n);
            float[] wanted = new float[n];
            Elementwise.unary(function, x, wanted, n);
            Gpu.assertSame(
                    Gpu.runStrided(
                            gpu -> {
                                long y = gpu.of(x);
                                new PtxElementwise(gpu.ptx()).unary(STREAM, function, y, y, n);
                                return gpu.floats(y, n);
                            }),
                    wanted);
        }
    }

    @ParameterizedTest
    @EnumSource
    void functions_of_two_numbers_give_the_bits_of_the_cpu(Binary function) {
        for (int n : SIZES) {
            float[] a = samples(n, n);
            float[] b = samples(n + 1, n);
            float[] wanted = new float[n];
            Elementwise.binary(function, a, b, wanted, n);
            assertSame(
                    function,
                    a,
                    b,
                    Gpu.runStrided(
                            gpu -> {
                                long y = gpu.room(n);
                                new PtxElementwise(gpu.ptx())
                                        .binary(STREAM, function, gpu.of(a), gpu.of(b), y, n);
                                return gpu.floats(y, n);
                            }),
                    wanted);
        }
    }

    private static void assertSame(
            Binary function, float[] a, float[] b, float[] actual, float[] wanted) {
        if (function != Binary.POWER) {
            assertThat(actual).isEqualTo(wanted);
            return;
        }
        for (int i = 0; i < wanted.length; i++) {
            float ulp = Math.ulp(wanted[i]);
            boolean close = Math.abs(actual[i] - wanted[i]) <= ulp;
            if (!close && Float.floatToIntBits(actual[i]) != Float.floatToIntBits(wanted[i])) {
                String what = function + "(" + a[i % a.length] + ", " + b[i % b.length] + ")";
                assertThat(actual[i]).as(what).isEqualTo(wanted[i]);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void operands_that_repeat_give_the_bits_of_the_cpu(Binary function) {
        int[][][] cases = {
            // lengths, strides of a, strides of b
            {{17, 10}, {10, 1}, {0, 1}},
            {{33, 17}, {17, 1}, {1, 0}},
            {{10, 33}, {0, 1}, {33, 1}},
            {{3, 1, 17}, {17, 0, 1}, {0, 0, 0}},
            {{5, 3, 7}, {21, 7, 1}, {7, 0, 1}},
            {{3, 5, 2, 7}, {35, 7, 0, 1}, {0, 14, 7, 1}},
            {{2, 3, 2, 5, 3}, {15, 0, 15, 3, 0}, {18, 6, 3, 0, 1}},
            {{2, 3, 2, 3, 2, 3}, {27, 0, 9, 0, 3, 1}, {0, 12, 0, 4, 0, 1}},
        };
        for (int[][] c : cases) {
            int n = PtxElementwise.size(c[0]);
            float[] a = samples(1, n);
            float[] b = samples(2, n);
            float[] wanted = new float[n];
            Elementwise.binary(function, a, c[1], b, c[2], wanted, c[0]);
            assertSame(
                    function,
                    a,
                    b,
                    Gpu.runStrided(
                            gpu -> {
                                long y = gpu.room(n);
                                new PtxElementwise(gpu.ptx())
                                        .broadcast(
                                                STREAM, function, gpu.of(a), c[1], gpu.of(b), c[2],
                                                y, c[0]);
                                return gpu.floats(y, n);
                            }),
                    wanted);
        }
    }

    @Test
    void select_takes_one_or_the_other() {
        for (int n : SIZES) {
            float[] condition = samples(n, n);
            float[] a = floats(2, n);
            float[] b = floats(3, n);
            float[] wanted = new float[n];
            Elementwise.select(condition, a, b, wanted, n);
            Gpu.assertSame(
                    Gpu.runStrided(
                            gpu -> {
                                long y = gpu.room(n);
                                new PtxElementwise(gpu.ptx())
                                        .select(
                                                STREAM,
                                                gpu.of(condition),
                                                gpu.of(a),
                                                gpu.of(b),
                                                y,
                                                n);
                                return gpu.floats(y, n);
                            }),
                    wanted);
        }
    }

    @Test
    void fill_writes_what_it_is_asked_for_and_no_more() {
        for (int n : SIZES) {
            float[] filled =
                    Gpu.runStrided(
                            gpu -> {
                                long y = gpu.of(new float[n + 5]);
                                int word = Float.floatToIntBits(1.5f);
                                new PtxElementwise(gpu.ptx()).fill32(STREAM, y, word, n);
                                return gpu.floats(y, n + 5);
                            });
            byte[] bytes =
                    Gpu.runStrided(
                            gpu -> {
                                long y = gpu.of(new byte[n + 5]);
                                new PtxElementwise(gpu.ptx()).fill8(STREAM, y, 0x107, n);
                                return gpu.bytes(y, n + 5);
                            });
            for (int i = 0; i < n + 5; i++) {
                assertThat(filled[i]).isEqualTo(i < n ? 1.5f : 0);
                assertThat(bytes[i]).isEqualTo((byte) (i < n ? 7 : 0));
            }
        }
    }

    @Test
    void casts_are_those_of_java() {
        for (int n : SIZES) {
            byte[] bytes = new byte[n];
            int[] ints = new int[n];
            new Random(n).nextBytes(bytes);
            for (int i = 0; i < n; i++) {
                ints[i] = new Random(n + i).nextInt();
            }
            float[] floats = samples(n, n);
            float[] fromBytes = new float[n];
            float[] fromInts = new float[n];
            int[] fromFloats = new int[n];
            Elementwise.cast(bytes, fromBytes, n);
            Elementwise.cast(ints, fromInts, n);
            Elementwise.cast(floats, fromFloats, n);
            assertThat(castToFloats(PtxElementwise.Cast.UINT8_FLOAT32, gpu -> gpu.of(bytes), n))
                    .isEqualTo(fromBytes);
            assertThat(castToFloats(PtxElementwise.Cast.INT32_FLOAT32, gpu -> gpu.of(ints), n))
                    .isEqualTo(fromInts);
            Gpu.assertSame(
                    Gpu.runStrided(
                            gpu -> {
                                long y = gpu.room(n);
                                new PtxElementwise(gpu.ptx())
                                        .cast(
                                                STREAM,
                                                PtxElementwise.Cast.FLOAT32_INT32,
                                                gpu.of(floats),
                                                y,
                                                n);
                                return gpu.ints(y, n);
                            }),
                    fromFloats);
        }
    }

    @Test
    void halves_are_rounded_to_the_nearest() {
        for (int n : SIZES) {
            float[] x = samples(n, n);
            for (int i = 1; i < n; i += 2) {
                // In the middle of two, or beside it.
                int middle = (Float.floatToIntBits(x[i]) & ~0x1FFF) | 0x1000;
                x[i] = Float.intBitsToFloat(((middle & ~0xFFFF) | 0x8000) + i % 3 - 1);
                x[i - 1] = Float.intBitsToFloat(middle);
            }
            short[] halves = halves(PtxElementwise.Cast.FLOAT32_FLOAT16, x);
            short[] brains = halves(PtxElementwise.Cast.FLOAT32_BFLOAT16, x);
            float[] fromHalves = floatsOf(PtxElementwise.Cast.FLOAT16_FLOAT32, halves);
            float[] fromBrains = floatsOf(PtxElementwise.Cast.BFLOAT16_FLOAT32, brains);
            float[] wantedHalves = new float[n];
            float[] wantedBrains = new float[n];
            for (int i = 0; i < n; i++) {
                wantedHalves[i] = Float.float16ToFloat(Float.floatToFloat16(x[i]));
                wantedBrains[i] = brain(x[i]);
            }
            Gpu.assertSame(fromHalves, wantedHalves);
            Gpu.assertSame(fromBrains, wantedBrains);
        }
    }

    /// The nearest float whose lower 16 bits are 0, by comparing the distances.
    private static float brain(float x) {
        int below = Float.floatToRawIntBits(x) & 0xFFFF0000;
        double low = Float.intBitsToFloat(below);
        double high = Float.intBitsToFloat(below + 0x10000);
        if (Float.isNaN(x) || Float.isInfinite(x)) {
            return x;
        }
        double toLow = Math.abs(x - low);
        double toHigh = Math.abs(high - x);
        boolean even = (below >>> 16 & 1) == 0;
        return (float) (toLow < toHigh || (toLow == toHigh && even) ? low : high);
    }

    private static short[] halves(PtxElementwise.Cast cast, float[] x) {
        byte[] bytes =
                Gpu.runStrided(
                        gpu -> {
                            long y = gpu.room(x.length);
                            new PtxElementwise(gpu.ptx())
                                    .cast(STREAM, cast, gpu.of(x), y, x.length);
                            return gpu.bytes(y, 2 * x.length);
                        });
        short[] result = new short[x.length];
        for (int i = 0; i < x.length; i++) {
            result[i] = (short) ((bytes[2 * i] & 0xff) | (bytes[2 * i + 1] << 8));
        }
        return result;
    }

    private static float[] floatsOf(PtxElementwise.Cast cast, short[] x) {
        byte[] bytes = new byte[2 * x.length];
        for (int i = 0; i < x.length; i++) {
            bytes[2 * i] = (byte) x[i];
            bytes[2 * i + 1] = (byte) (x[i] >> 8);
        }
        return castToFloats(cast, gpu -> gpu.of(bytes), x.length);
    }

    private static float[] castToFloats(PtxElementwise.Cast cast, ToLongFunction<Gpu> x, int n) {
        return Gpu.runStrided(
                gpu -> {
                    long y = gpu.room(n);
                    new PtxElementwise(gpu.ptx()).cast(STREAM, cast, x.applyAsLong(gpu), y, n);
                    return gpu.floats(y, n);
                });
    }
}
