package athanor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import athanor.train.InvalidSetting;
import athanor.train.Setting;
import athanor.train.Settings;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecipeTest {
    /// The values as they hold, `key=value` with blanks between them, must be among the recipe's or
    /// the initial ones.
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "first-run        | model=resnet8 data=shapes10",
                "resnet50-cifar10 | model=resnet50 stem=cifar data=cifar10 epochs=60 batch-size=128 optimizer=sgd weight-decay=5e-4"
                        + " schedule=onecycle max-lr=0.1 pct-start=0.3 div-factor=25 final-div-factor=1e4 cycle-momentum=0.85,0.95"
                        + " augment=standard test-batch-size=100 max-steps=0 mean=auto std=auto nesterov=off label-smoothing=0",
                "resnet50-cifar10-article | model=resnet50 stem=cifar data=cifar10 epochs=150 max-steps=23460 batch-size=128",
                "resnet18-cifar10 | model=resnet18 stem=cifar data=cifar10 epochs=60 batch-size=128 schedule=onecycle",
                "resnet20-cifar10 | model=resnet20 data=cifar10 epochs=40 schedule=onecycle max-steps=0",
                "resnet50-mnist   | model=resnet50 stem=imagenet data=mnist epochs=10 batch-size=64 optimizer=adam lr=1e-3"
                        + " mean=0.5 std=0.5 schedule=constant weight-decay=0 augment=none",
                "cnn-mnist        | model=cnn data=mnist epochs=5 batch-size=64 optimizer=sgd lr=0.001 momentum=0.9 mean=0.5"
                        + " std=0.5 schedule=constant weight-decay=0 augment=none",
                "cifar10-94       | model=airbench data=cifar10 epochs=10 batch-size=1024 nesterov=on momentum=0.85 label-smoothing=0.2"
                        + " augment=alternating tta=crops lookahead=0.95 norm-bias-rate=64",
                "resnet50-imagenet | model=resnet50 stem=imagenet data=imagefolder epochs=90 batch-size=256 lr=0.1 momentum=0.9"
                        + " weight-decay=1e-4 label-smoothing=0.1 warmup-epochs=5 schedule=cosine",
                "alexnet-mnist    | model=simple-alexnet data=mnist image-size=224 epochs=10 batch-size=64 optimizer=sgd lr=0.01"
                        + " momentum=0.9 mean=0 std=1 schedule=constant weight-decay=0 augment=none",
            })
    void recipes_hold_what_they_promise(String name, String expected) {
        Map<String, String> values =
                Settings.initial().with(Recipe.of(name).values()).check().asMap();
        Map<String, String> wanted = new TreeMap<>();
        for (String part : expected.strip().split("\\s+")) {
            String[] keyAndValue = part.split("=", 2);
            wanted.put(keyAndValue[0], keyAndValue[1]);
        }
        assertThat(values).containsAllEntriesOf(wanted);
    }

    @Test
    void the_article_differs_from_its_model_in_the_cycle_alone() {
        Map<Setting, String> usual = new TreeMap<>(Recipe.of("resnet50-cifar10").values());
        Map<Setting, String> article =
                new TreeMap<>(Recipe.of("resnet50-cifar10-article").values());
        assertThat(article.remove(Setting.MAX_STEPS)).isEqualTo(String.valueOf(60 * 391));
        usual.remove(Setting.EPOCHS);
        article.remove(Setting.EPOCHS);
        assertThat(article).isEqualTo(usual);
    }

    @Test
    void every_recipe_describes_itself() {
        assertThat(Recipe.NAMES)
                .hasSize(10)
                .allSatisfy(name -> assertThat(Recipe.of(name).description()).isNotEmpty());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "epochs = 3;momentun = 0.9 | line 2, momentun, momentum",
                "epochs 3                  | line 1, key = value",
                "epochs = 3;;epochs = 4    | line 3, twice",
                "# x;epochs = many         | line 2, epochs many",
            })
    void a_wrong_line_is_named(String text, String words) {
        assertThatThrownBy(() -> Recipe.parse("my.recipe", text.strip().replace(';', '\n')))
                .isInstanceOf(InvalidSetting.class)
                .hasMessageStartingWith("my.recipe, ")
                .hasMessageContainingAll(words.strip().split(", "));
    }

    @Test
    void flags_prevail_over_the_recipe_and_the_recipe_over_the_base() {
        Settings merged =
                TrainCommand.merge(
                        Settings.initial().with(Setting.SEED, "7").with(Setting.EPOCHS, "7"),
                        Map.of(Setting.EPOCHS, "8", Setting.MOMENTUM, "0.8"),
                        Map.of(Setting.MOMENTUM, "0.7"));
        assertThat(merged.text(Setting.SEED)).isEqualTo("7");
        assertThat(merged.text(Setting.EPOCHS)).isEqualTo("8");
        assertThat(merged.text(Setting.MOMENTUM)).isEqualTo("0.7");
    }
}
