package athanor.kernels.random;

import static athanor.kernels.Samples.onAnyThreads;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PhiloxTest {
    /// The known answers of Random123, the authors' library: `kat_vectors`, philox4x32 10.
    @Test
    void blocks_are_the_published_ones() {
        assertThat(block(0, 0, 0)).containsExactly(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
        assertThat(block(-1, -1, -1))
                .containsExactly(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
        assertThat(block(0x299f31d0a4093822L, 0x0370734413198a2eL, 0x85a308d3243f6a88L))
                .containsExactly(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
    }

    private static int[] block(long key, long stream, long block) {
        int[] words = new int[4];
        Philox.block(new PhiloxKey(key, stream), block, words, 0);
        return words;
    }

    @Test
    void a_row_holds_the_numbers_that_are_asked_for_one_by_one() {
        PhiloxKey key = PhiloxKey.of(7).derive("test");
        int n = 40_001;
        float[] uniform =
                onAnyThreads(
                        () -> {
                            float[] y = new float[n];
                            Philox.uniform(key, y, n);
                            return y;
                        });
        float[] normal =
                onAnyThreads(
                        () -> {
                            float[] y = new float[n];
                            Philox.normal(key, y, n);
                            return y;
                        });
        float[] mask =
                onAnyThreads(
                        () -> {
                            float[] y = new float[n];
                            Philox.dropoutMask(key, 0.2, y, n);
                            return y;
                        });
        for (int i = 0; i < n; i++) {
            assertThat(uniform[i]).isEqualTo(Philox.uniform(key, i)).isBetween(0f, 0x0.ffffffp0f);
            assertThat(normal[i]).isEqualTo(Philox.normal(key, i));
            assertThat(mask[i]).isEqualTo(uniform[i] < 0.2 ? 0 : 1.25f);
            assertThat(Philox.below(key, i, 10))
                    .isEqualTo((int) (((Philox.bits(key, i) & 0xFFFFFFFFL) * 10) >> 32));
        }
    }

    @Test
    void numbers_have_the_moments_of_their_distribution() {
        int n = 1_000_000;
        float[] y = new float[n];
        Philox.uniform(PhiloxKey.of(1), y, n);
        assertThat(mean(y, 1)).isBetween(0.499, 0.501);
        assertThat(mean(y, 2)).isBetween(0.332, 0.3347);
        Philox.normal(PhiloxKey.of(1), y, n);
        assertThat(mean(y, 1)).isBetween(-0.004, 0.004);
        assertThat(mean(y, 2)).isBetween(0.994, 1.006);
        assertThat(mean(y, 4)).isBetween(2.95, 3.05);
        Philox.dropoutMask(PhiloxKey.of(1), 0.3, y, n);
        assertThat(mean(y, 1)).isBetween(0.997, 1.003);
    }

    private static double mean(float[] x, int power) {
        double sum = 0;
        for (float value : x) {
            sum += Math.pow(value, power);
        }
        return sum / x.length;
    }

    @Test
    void a_permutation_holds_each_number_once_and_all_orders_are_equally_likely() {
        int[] long1 = Philox.permutation(PhiloxKey.of(3), 1000);
        int[] sorted = long1.clone();
        Arrays.sort(sorted);
        for (int i = 0; i < 1000; i++) {
            assertThat(sorted[i]).isEqualTo(i);
        }
        assertThat(long1).isNotEqualTo(sorted);
        int[] counts = new int[27];
        for (int i = 0; i < 6000; i++) {
            int[] order = Philox.permutation(PhiloxKey.of(3).derive(i), 3);
            counts[order[0] * 9 + order[1] * 3 + order[2]]++;
        }
        for (int order : new int[] {5, 7, 11, 15, 19, 21}) {
            assertThat(counts[order]).isBetween(880, 1120);
        }
        assertThat(Philox.permutation(PhiloxKey.of(3), 0)).isEmpty();
    }
}
