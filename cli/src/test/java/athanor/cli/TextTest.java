package athanor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TextTest {
    @Test
    void a_few_classes_are_a_table() {
        String text =
                new ConfusionText(List.of("cat", "horse"), new int[][] {{3, 1}, {0, 12}})
                        .toString();
        assertThat(text.lines().toList())
                .containsExactly(
                        "rows: the class; columns: what it was taken for",
                        "            0  1   right",
                        "   0 cat    3  1   75.0 %",
                        "   1 horse  . 12  100.0 %");
    }

    @Test
    void of_many_classes_the_worst_pairs_are_shown() {
        int[][] counts = new int[30][30];
        counts[4][7] = 5;
        counts[9][2] = 8;
        counts[3][3] = 100;
        List<String> names = IntStream.range(0, 30).mapToObj(i -> "c" + i).toList();
        assertThat(new ConfusionText(names, counts).toString().lines().toList())
                .containsExactly(
                        "most often mixed up:",
                        "     8  c9 taken for c2",
                        "     5  c4 taken for c7");
    }

    @Test
    void times_are_short() {
        assertThat(EpochDisplay.time(41.6)).isEqualTo("42s");
        assertThat(EpochDisplay.time(187)).isEqualTo("3:07");
        assertThat(EpochDisplay.time(18_720)).isEqualTo("5:12:00");
    }

    @Test
    void distances_are_levenshteins() {
        assertThat(Nearest.edits("kitten", "sitting")).isEqualTo(3);
        assertThat(Nearest.edits("", "abc")).isEqualTo(3);
        assertThat(Nearest.to("xyzzy", List.of("train", "eval"))).isEmpty();
    }
}
