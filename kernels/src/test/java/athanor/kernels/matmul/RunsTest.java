package athanor.kernels.matmul;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RunsTest {
    @Test
    void neighboursAreOneRunAndOthersAreNot() {
        Runs runs = new Runs(64).add(0, 3).add(3, 3).add(10, 3);
        assertThat(runs.count()).isEqualTo(2);
        assertThat(runs.depth()).isEqualTo(9);
        assertThat(runs.depth(0)).isEqualTo(6);
        assertThat(runs.shift(1)).isEqualTo(10);
    }

    @Test
    void aRunIsCutWhereItsBlockWouldOutgrowTheCache() {
        int longest = Tiles.blockDepth(64);
        Runs runs = new Runs(64).add(5, longest - 1).add(4 + longest, 2 * longest);
        assertThat(runs.count()).isEqualTo(3);
        assertThat(runs.depth(0)).isEqualTo(longest);
        assertThat(runs.shift(1)).isEqualTo(5 + longest);
        assertThat(runs.depth()).isEqualTo(3 * longest - 1);
    }
}
