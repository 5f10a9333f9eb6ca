package athanor.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import athanor.kernels.parallel.Parallel;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import java.util.function.Supplier;

/// Numbers to test with, and what is asked of results.
public final class Samples {
    private Samples() {}

    /// Around the widths of vectors, and long enough for several pieces.
    public static int[] sizes() {
        return new int[] {0, 1, 3, 15, 16, 17, 31, 64, 100, 1000, 40_000};
    }

    /// Standard normal numbers.
    public static float[] floats(int seed, int n) {
        Random random = new Random(seed);
        float[] floats = new float[n];
        for (int i = 0; i < n; i++) {
            floats[i] = (float) random.nextGaussian();
        }
        return floats;
    }

    /// Each number is within `tolerance (1 + |expected|)` of what is expected.
    public static void assertClose(
            String what, float[] actual, int n, double tolerance, IntToDoubleFunction expected) {
        for (int i = 0; i < n; i++) {
            double wanted = expected.applyAsDouble(i);
            double error = Math.abs(actual[i] - wanted);
            if (!(error <= tolerance * (1 + Math.abs(wanted)))) {
                assertThat(actual[i])
                        .as("%s, element %d of %d", what, i, n)
                        .isEqualTo((float) wanted);
            }
        }
    }

    /// Runs on 1, 2 and 3 threads, wants the same bits, and gives them.
    public static float[] onAnyThreads(Supplier<float[]> kernel) {
        int threads = Parallel.threads();
        try {
            Parallel.threads(1);
            float[] one = kernel.get();
            for (int more = 2; more <= 3; more++) {
                Parallel.threads(more);
                assertThat(kernel.get()).as("on %d threads", more).isEqualTo(one);
            }
            return one;
        } finally {
            Parallel.threads(threads);
        }
    }
}
