package athanor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import athanor.train.EpochMetrics;
import athanor.train.Evaluation;
import athanor.train.Setting;
import athanor.train.Settings;
import athanor.train.TrainingEvent;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EpochDisplayTest {
    private static final char ESCAPE = 27;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    /// Two steps of 8 images, at 4 images a second, of an epoch of 5; then the epoch's end.
    private void train(boolean bars, boolean coloured) {
        Screen screen =
                new Screen(
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        bars,
                        coloured);
        try (EpochDisplay display =
                new EpochDisplay(screen, bars, Settings.initial().with(Setting.EPOCHS, "3"))) {
            display.on(new TrainingEvent.Started(0, 3, 0, 5));
            display.on(new TrainingEvent.StepFinished(1, 1, 3.0, 0.1, 8, 1, 2));
            display.on(new TrainingEvent.StepFinished(1, 2, 1.0, 0.1, 8, 4, 2));
            display.on(new TrainingEvent.Evaluating(7, 70));
            Evaluation test = new Evaluation(0.5, 62.5, 90, new int[2][2]);
            display.on(
                    new TrainingEvent.EpochFinished(
                            new EpochMetrics(1, 5, 0.1, 2, 31.25, Optional.of(test), 4, 4, 1)));
        }
    }

    @Test
    void the_bar_tells_mean_loss_and_accuracy_of_the_epoch_so_far_speed_and_time_left() {
        train(true, false);

        // 13 of 15 steps are left, 2 s each.
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("epoch 1/3", "40% ", "2/5", "loss 2.0000  31.25 %  4 images/s  26s left")
                .matches(text -> text.endsWith(" \r"));
        assertThat(out.toString(StandardCharsets.UTF_8))
                .isEqualToIgnoringNewLines(
                        "epoch 1/3  train: loss 2.0000, 31.25 %  test: loss 0.5000, 62.50 %"
                                + "  4 images/s  4s");
    }

    @Test
    void where_nobody_watches_there_is_a_line_an_epoch_and_no_control_character() {
        train(false, false);

        assertThat(err.size()).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8).lines()).hasSize(1);
        assertThat(out.toString(StandardCharsets.UTF_8))
                .matches(text -> text.chars().noneMatch(c -> c < ' ' && c != '\n'));
    }

    @Test
    void a_new_best_accuracy_is_green_where_there_are_colours() {
        train(false, true);

        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains(ESCAPE + "[32m62.50 %" + ESCAPE + "[0m");
    }

    @Test
    void no_color_and_simple_terminals_are_respected() {
        assertThat(Screen.wantsColours(Map.of("TERM", "xterm"))).isTrue();
        assertThat(Screen.wantsColours(Map.of("TERM", "xterm", "NO_COLOR", ""))).isTrue();
        assertThat(Screen.wantsColours(Map.of("TERM", "xterm", "NO_COLOR", "1"))).isFalse();
        assertThat(Screen.wantsColours(Map.of("TERM", "dumb"))).isFalse();
        assertThat(Screen.wantsColours(Map.of())).isFalse();
    }
}
