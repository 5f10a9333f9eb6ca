package athanor.kernels.matmul;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import athanor.kernels.parallel.Parallel;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class GemmTest {
    private static final int[][] SHAPES = {
        {1, 1, 1},
        {7, 5, 3},
        {6, 64, 10},
        {64, 10, 128},
        {13, 70, 400},
        {100, 129, 800},
        {500, 300, 5},
        {250, 16, 1}
    };

    /// A product inside larger arrays, with gaps everywhere.
    private record Sample(
            boolean transposeA, boolean transposeB, int m, int n, int k, boolean accumulate) {
        int lda() {
            return (transposeA ? m : k) + 3;
        }

        int ldb() {
            return (transposeB ? k : n) + 2;
        }

        int ldc() {
            return n + 1;
        }

        float[] a() {
            return random(5 + lda() * (transposeA ? k : m));
        }

        float[] b() {
            return random(4 + ldb() * (transposeB ? n : k));
        }

        float[] c() {
            return random(3 + ldc() * m);
        }

        float[] multiply() {
            float[] c = c();
            Gemm.multiply(
                    transposeA,
                    transposeB,
                    m,
                    n,
                    k,
                    a(),
                    5,
                    lda(),
                    b(),
                    4,
                    ldb(),
                    c,
                    3,
                    ldc(),
                    accumulate);
            return c;
        }

        float[] plain() {
            float[] c = c();
            Gemm.plain(
                    transposeA,
                    transposeB,
                    m,
                    n,
                    k,
                    a(),
                    5,
                    lda(),
                    b(),
                    4,
                    ldb(),
                    c,
                    3,
                    ldc(),
                    accumulate);
            return c;
        }
    }

    @Test
    void multiplyDoesWhatTheThreeLoopsDoAndLeavesTheGapsAlone() {
        for (int[] shape : SHAPES) {
            for (int flags = 0; flags < 8; flags++) {
                Sample sample = sample(shape, flags);
                float[] expected = sample.plain();
                float[] actual = sample.multiply();
                float tolerance = 1e-6f * (4 + sample.k());
                for (int i = 0; i < expected.length; i++) {
                    assertThat(actual[i])
                            .as("%s, element %d", sample, i)
                            .isCloseTo(expected[i], within(tolerance));
                }
            }
        }
    }

    @Test
    void theBitsAreTheSameOnAnyNumberOfThreads() {
        int threads = Parallel.threads();
        try {
            for (int flags = 0; flags < 8; flags++) {
                Sample sample = sample(new int[] {700, 150, 900}, flags);
                Parallel.threads(1);
                float[] one = sample.multiply();
                Parallel.threads(2);
                assertThat(sample.multiply()).isEqualTo(one);
                Parallel.threads(3);
                assertThat(sample.multiply()).isEqualTo(one);
            }
        } finally {
            Parallel.threads(threads);
        }
    }

    @Test
    void withoutDepthTheProductIsZeroOrAddsNothing() {
        float[] c = {1, 2, 3, 4};
        Gemm.multiply(false, false, 2, 2, 0, new float[0], 0, 0, new float[0], 0, 2, c, 0, 2, true);
        assertThat(c).containsExactly(1, 2, 3, 4);
        Gemm.multiply(
                false, false, 2, 2, 0, new float[0], 0, 0, new float[0], 0, 2, c, 0, 2, false);
        assertThat(c).containsExactly(0, 0, 0, 0);
    }

    @Test
    void withoutRowsOrColumnsNothingIsTouched() {
        float[] c = {1};
        Gemm.multiply(
                false, false, 0, 1, 1, new float[1], 0, 1, new float[1], 0, 1, c, 0, 1, false);
        Gemm.multiply(
                false, false, 1, 0, 1, new float[1], 0, 1, new float[1], 0, 1, c, 0, 1, false);
        assertThat(c).containsExactly(1);
    }

    private static Sample sample(int[] shape, int flags) {
        return new Sample(
                (flags & 1) > 0, (flags & 2) > 0, shape[0], shape[1], shape[2], (flags & 4) > 0);
    }

    private static float[] random(int length) {
        SplittableRandom random = new SplittableRandom(length);
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return values;
    }
}
