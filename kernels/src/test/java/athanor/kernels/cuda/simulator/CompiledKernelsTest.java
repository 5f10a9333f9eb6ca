package athanor.kernels.cuda.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Code that its interpreter's author did not write: CUDA C compiled by nvcc.
class CompiledKernelsTest {
    private static final PtxModule MODULE = PtxModule.parse(CompiledKernels.TEXT);

    @ParameterizedTest
    @EnumSource
    void computes_what_plain_java_does_in_any_order(CompiledKernels kernel) {
        for (long seed = 0; seed < 5; seed++) {
            kernel.check(MODULE, seed);
        }
    }

    /// The three that may go unnoticed are not needed: after two no thread touches shared memory
    /// any more, after the third only the one that wrote the place.
    @Test
    void notices_a_barrier_that_is_removed() {
        List<String> unnoticed = unnoticedWithout(".*bar\\.sync.*", Integer.MAX_VALUE, 25);
        assertThat(unnoticed).hasSize(3);
        assertThat(unnoticed.get(0)).startsWith("blockReduce");
        assertThat(unnoticed.get(1)).startsWith("softmaxRows");
        assertThat(unnoticed.get(2)).startsWith("argmaxRows");
    }

    /// The first branch of a kernel keeps the threads beyond the data away. In `scan` it asks for
    /// a block of one thread.
    @Test
    void notices_a_guard_that_is_removed() {
        List<String> unnoticed = unnoticedWithout("\\s*@.*bra.*", 1, 16);
        assertThat(unnoticed).hasSize(1);
        assertThat(unnoticed.getFirst()).startsWith("scan");
    }

    /// The lines of the kernels, at most so many of each, without which no run differs.
    private static List<String> unnoticedWithout(String pattern, int most, int expected) {
        List<String> lines = CompiledKernels.TEXT.lines().toList();
        List<String> unnoticed = new ArrayList<>();
        int removed = 0;
        for (CompiledKernels kernel : CompiledKernels.values()) {
            int from = indexOf(lines, ".visible .entry " + kernel.kernel + "(", 0);
            int to = indexOf(lines, "}", from);
            int left = most;
            for (int i = from; i < to && left > 0; i++) {
                if (lines.get(i).matches(pattern)) {
                    left--;
                    removed++;
                    List<String> mutant = new ArrayList<>(lines);
                    mutant.set(i, "");
                    if (!isNoticed(kernel, String.join("\n", mutant))) {
                        unnoticed.add(kernel.kernel + " " + (i + 1) + lines.get(i));
                    }
                }
            }
        }
        System.out.printf("%s: %d of %d noticed%n", pattern, removed - unnoticed.size(), removed);
        assertThat(removed).isEqualTo(expected);
        return unnoticed;
    }

    private static int indexOf(List<String> lines, String start, int from) {
        for (int i = from; i < lines.size(); i++) {
            if (lines.get(i).startsWith(start)) {
                return i;
            }
        }
        throw new AssertionError(start + " is not there");
    }

    private static boolean isNoticed(CompiledKernels kernel, String text) {
        PtxModule mutant = PtxModule.parse(text);
        for (long seed = 0; seed < 3; seed++) {
            try {
                kernel.check(mutant, seed);
            } catch (KernelFault | AssertionError e) {
                return true;
            }
        }
        return false;
    }
}
