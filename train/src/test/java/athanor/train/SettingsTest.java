package athanor.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SettingsTest {
    private static void assertRefused(Setting setting, String accepted, String... values) {
        for (String value : values) {
            Settings settings = Settings.initial().with(setting, value);
            String message = "--" + setting.key() + " " + value + ": accepted is " + accepted;
            assertThatThrownBy(settings::check)
                    .as("%s = '%s'", setting, value)
                    .isInstanceOf(InvalidSetting.class)
                    .hasMessage(message);
        }
    }

    private static void assertAccepted(Setting setting, String... values) {
        for (String value : values) {
            assertThatCode(() -> Settings.initial().with(setting, value).check())
                    .doesNotThrowAnyException();
        }
    }

    @Test
    void theInitialValuesAreAccepted() {
        assertThatCode(() -> Settings.initial().check()).doesNotThrowAnyException();
    }

    @Test
    void wholeNumbersAreHeldToTheirLeast() {
        assertRefused(Setting.EPOCHS, "a whole number of 1 or more", "0", "-1", "2.5", "", "ten");
        assertRefused(Setting.THREADS, "a whole number of 0 to 1024", "-1", "3000000000");
        assertRefused(Setting.SEED, "a whole number", "1e3", "9223372036854775808");
        assertAccepted(Setting.EPOCHS, "1", "2147483647");
        assertAccepted(Setting.SEED, "-9223372036854775808", "9223372036854775807");
        assertThat(Settings.initial().with(Setting.SEED, "-5").seed()).isEqualTo(-5);
        assertThat(Settings.initial().with(Setting.EPOCHS, "7").whole(Setting.EPOCHS)).isEqualTo(7);
    }

    @Test
    void numbersAreHeldToTheirBounds() {
        assertRefused(
                Setting.MOMENTUM, "a number of 0 to 1", "1.01", "-0.1", "NaN", "x", "0.1,0.2");
        assertRefused(Setting.LEARNING_RATE, "a number of 0 or more", "-1", "Infinity", "", "1,5");
        assertRefused(Setting.DIV_FACTOR, "a number of 1 or more", "0.5");
        assertAccepted(Setting.MOMENTUM, "0", "1", "0.9");
        assertAccepted(Setting.LEARNING_RATE, "1e-4", "0", "3");
        assertThat(
                        Settings.initial()
                                .with(Setting.LEARNING_RATE, "1e-4")
                                .real(Setting.LEARNING_RATE))
                .isEqualTo(1e-4);
    }

    @Test
    void listsOfNumbersAreHeldToTheirBounds() {
        assertRefused(
                Setting.MILESTONES,
                "numbers of 0 or more with commas between them",
                "",
                "30,",
                "30;60",
                "30,-1",
                "30,NaN");
        assertAccepted(Setting.MILESTONES, "30", "30,60,80.5");
        assertThat(Settings.initial().reals(Setting.MILESTONES, 0, 100))
                .containsExactly(30, 60, 80);
        assertThatThrownBy(() -> Settings.initial().reals(Setting.MILESTONES, 0, 70))
                .hasMessage(
                        "--milestones 30,60,80: accepted is numbers of 0 to 70 with commas between them");
    }

    @Test
    void wordsAreThoseThatAreNamed() {
        assertRefused(Setting.OPTIMIZER, "sgd, adam, adamw", "SGD", "lion", "");
        assertRefused(Setting.NESTEROV, "on, off", "true", "yes");
        assertRefused(Setting.SCHEDULE, "onecycle, cosine, step, constant", "linear");
        assertAccepted(Setting.OPTIMIZER, "sgd", "adam", "adamw");
        assertAccepted(Setting.DEVICE, "cpu", "reference", "cuda", "cuda:1", "cuda-sim");
        assertRefused(
                Setting.DEVICE,
                "cpu, reference, cuda, cuda:N with the number of a GPU, cuda-sim",
                "gpu",
                "cuda:",
                "cuda:x",
                "cuda-sim:1");
        assertThat(Settings.initial().with(Setting.NESTEROV, "on").on(Setting.NESTEROV)).isTrue();
        assertThat(Settings.initial().on(Setting.NESTEROV)).isFalse();
    }

    @Test
    void aValueThatWasNotCheckedIsCheckedWhenItIsUsed() {
        Settings wrong =
                Settings.initial()
                        .with(Setting.EPOCHS, "many")
                        .with(Setting.GAMMA, "2")
                        .with(Setting.DEVICE, "tpu");
        assertThatThrownBy(() -> wrong.whole(Setting.EPOCHS)).hasMessageContaining("--epochs many");
        assertThatThrownBy(() -> wrong.real(Setting.GAMMA)).hasMessageContaining("--gamma 2");
        assertThatThrownBy(() -> wrong.word(Setting.DEVICE)).hasMessageContaining("--device tpu");
    }

    @Test
    void whatIsMissingIsNamed() {
        assertThatThrownBy(() -> Settings.initial().required(Setting.MODEL))
                .isInstanceOf(InvalidSetting.class)
                .hasMessage(
                        "--model NAME is missing: network to train: one of `athanor models`, or an .onnx file");
        assertThat(Settings.initial().path(Setting.OUT)).isEmpty();
        assertThat(Settings.initial().with(Setting.OUT, "a/b").path(Setting.OUT))
                .contains(Path.of("a/b"));
    }

    @Test
    void aMapGoesThereAndBack() {
        Map<Setting, String> changes = new LinkedHashMap<>();
        for (Setting setting : Setting.values()) {
            changes.put(setting, "value of " + setting);
        }
        Map<String, String> map = Settings.initial().with(changes).asMap();
        assertThat(map)
                .hasSize(Setting.values().length)
                .containsEntry("lr", "value of LEARNING_RATE");
        assertThat(Settings.ofMap(map).asMap()).isEqualTo(map);
    }

    @Test
    void ofAMapUnknownKeysAreLeftOutAndMissingOnesAreInitial() {
        Settings settings = Settings.ofMap(Map.of("epochs", "3", "no-such-setting", "1"));
        assertThat(settings.asMap())
                .isEqualTo(Settings.initial().with(Setting.EPOCHS, "3").asMap());
    }

    @Test
    void changesLeaveTheSettingsTheyStartFromAlone() {
        Settings initial = Settings.initial();
        assertThat(initial.with(Setting.EPOCHS, "3").text(Setting.EPOCHS)).isEqualTo("3");
        assertThat(initial.text(Setting.EPOCHS)).isEqualTo("10");
    }

    @Test
    void flagsAndAliasesAreThoseOfTheDesignAndEachIsThereOnce() {
        assertThat(Setting.LEARNING_RATE.aliases()).containsExactly("--learning-rate");
        assertThat(Setting.MOMENTUM.aliases()).containsExactly("--mom");
        assertThat(Setting.DATA_DIR.aliases()).containsExactly("--data_path");
        List<String> flags = new ArrayList<>();
        for (Setting setting : Setting.values()) {
            flags.add(setting.flag());
            flags.addAll(setting.aliases());
            assertThat(Setting.named(setting.key())).contains(setting);
        }
        assertThat(flags).doesNotHaveDuplicates();
        assertThat(Setting.named("learning-rate")).isEmpty();
    }
}
