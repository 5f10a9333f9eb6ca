package athanor.kernels.parallel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class ScratchTest {
    @Test
    void aThreadGetsItsArrayAgainUntilItIsTooShort() {
        float[] first = Scratch.floats(Scratch.Use.TILE, 100);
        assertThat(Scratch.floats(Scratch.Use.TILE, 50)).isSameAs(first);
        assertThat(Scratch.floats(Scratch.Use.PANELS, 50)).isNotSameAs(first);
        assertThat(Scratch.floats(Scratch.Use.TILE, first.length + 1L))
                .hasSizeGreaterThan(first.length);
    }

    @Test
    void anotherThreadHasItsOwn() throws InterruptedException {
        int[] mine = Scratch.ints(Scratch.Use.ROWS, 10);
        AtomicReference<int[]> other = new AtomicReference<>(mine);
        Thread thread =
                Thread.ofPlatform().start(() -> other.set(Scratch.ints(Scratch.Use.ROWS, 10)));
        thread.join();
        assertThat(other.get()).isNotSameAs(mine);
    }
}
