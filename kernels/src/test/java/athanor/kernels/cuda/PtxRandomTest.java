package athanor.kernels.cuda;

import static athanor.kernels.cuda.Gpu.STREAM;
import static org.assertj.core.api.Assertions.assertThat;

import athanor.kernels.random.Philox;
import athanor.kernels.random.PhiloxKey;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class PtxRandomTest {
    private static final int[] SIZES = {1, 2, 3, 4, 10, 17, 33, 257, 1000, 20_001};
    private static final PhiloxKey[] KEYS = {
        PhiloxKey.of(0), PhiloxKey.of(7).derive("test"), new PhiloxKey(-1, -1)
    };

    @FunctionalInterface
    private interface Kernel {
        void run(PtxRandom random, long y);
    }

    private static float[] run(int n, Kernel kernel) {
        return Gpu.runStrided(
                gpu -> {
                    long y = gpu.room(n);
                    kernel.run(new PtxRandom(gpu.ptx()), y);
                    return gpu.floats(y, n);
                });
    }

    @Test
    void uniform_numbers_and_masks_have_the_bits_of_the_cpu() {
        for (PhiloxKey key : KEYS) {
            for (int n : SIZES) {
                float[] wanted = new float[n];
                Philox.uniform(key, wanted, n);
                Gpu.assertSame(run(n, (random, y) -> random.uniform(STREAM, key, y, n)), wanted);
                for (double probability : new double[] {0, 0.1, 0.5, 0.3333, 1 - 0x1p-24}) {
                    Philox.dropoutMask(key, probability, wanted, n);
                    Gpu.assertSame(
                            run(
                                    n,
                                    (random, y) ->
                                            random.dropoutMask(
                                                    STREAM,
                                                    key,
                                                    OptionalLong.empty(),
                                                    probability,
                                                    y,
                                                    n)),
                            wanted);
                    float[] keyed =
                            Gpu.run(
                                    gpu -> {
                                        long at = gpu.of(key.key(), key.stream());
                                        long y = gpu.room(n);
                                        new PtxRandom(gpu.ptx())
                                                .dropoutMask(
                                                        STREAM,
                                                        PhiloxKey.of(5),
                                                        OptionalLong.of(at),
                                                        probability,
                                                        y,
                                                        n);
                                        return gpu.floats(y, n);
                                    });
                    Gpu.assertSame(keyed, wanted);
                }
            }
        }
    }

    @Test
    void a_number_equal_to_the_probability_is_kept() {
        PhiloxKey key = PhiloxKey.of(3);
        for (int i = 0; i < 4; i++) {
            double probability = Philox.uniform(key, i);
            float[] wanted = new float[4];
            Philox.dropoutMask(key, probability, wanted, 4);
            assertThat(wanted[i]).isPositive();
            Gpu.assertSame(
                    run(
                            4,
                            (random, y) ->
                                    random.dropoutMask(
                                            STREAM, key, OptionalLong.empty(), probability, y, 4)),
                    wanted);
        }
    }

    @Test
    void normal_numbers_are_those_of_the_cpu_but_for_one_in_a_million() {
        int others = 0;
        for (PhiloxKey key : KEYS) {
            for (int n : SIZES) {
                float[] wanted = new float[n];
                Philox.normal(key, wanted, n);
                float[] y = run(n, (random, to) -> random.normal(STREAM, key, to, n));
                for (int i = 0; i < n; i++) {
                    others += y[i] == wanted[i] ? 0 : 1;
                    assertThat(Math.abs(y[i] - wanted[i])).isLessThanOrEqualTo(Math.ulp(wanted[i]));
                }
            }
        }
        assertThat(others).isLessThan(2);
    }
}
