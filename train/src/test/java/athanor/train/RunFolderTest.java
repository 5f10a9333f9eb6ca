package athanor.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
    private static final List<String> COLUMNS =
            List.of(
                    "epoch",
                    "step",
                    "lr",
                    "train_loss",
                    "train_acc1",
                    "test_loss",
                    "test_acc1",
                    "test_acc5",
                    "images_per_s",
                    "seconds",
                    "peak_memory_bytes");

    @TempDir private Path temporary;

    private static EpochMetrics metrics(int epoch, Optional<Evaluation> test) {
        return new EpochMetrics(epoch, 5L * epoch, 0.1, 1.25, 50, test, 100.5, 2.5, 1 << 20);
    }

    private static Optional<Evaluation> evaluation() {
        return Optional.of(new Evaluation(0.75, 60, 90, new int[2][2]));
    }

    private static Progress at(int epoch, long step) {
        return new Progress(epoch, step, 0, 0, 0, 0, 0, -1, 0, 1, LossScale.NONE);
    }

    /// A run of three epochs of five steps.
    private RunFolder logged() {
        RunFolder folder = RunFolder.create(temporary.resolve("run"));
        for (int epoch = 1; epoch <= 3; epoch++) {
            for (int step = 5 * epoch - 4; step <= 5 * epoch; step++) {
                folder.logStep(epoch, step, 1.0 / step, 0.1, 123.5);
            }
            folder.logEpoch(metrics(epoch, epoch == 2 ? evaluation() : Optional.empty()));
        }
        return folder;
    }

    private static List<String> lines(RunFolder folder, String name) throws IOException {
        return Files.readAllLines(folder.path().resolve(name));
    }

    private static void append(RunFolder folder, String name, String text) throws IOException {
        Files.writeString(folder.path().resolve(name), text, StandardOpenOption.APPEND);
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> inside = Files.list(folder)) {
            return inside.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void aFolderThatHoldsSomethingIsRefused() throws IOException {
        Path file = Files.writeString(temporary.resolve("thesis.tex"), "x");
        assertThatThrownBy(() -> RunFolder.create(temporary))
                .isInstanceOf(InvalidSetting.class)
                .hasMessage(
                        "--out "
                                + temporary
                                + ": the folder is not empty; choose another, or --resume auto to go on with the run in it");
        assertThat(names(temporary)).containsExactly("thesis.tex");
        assertThatThrownBy(() -> RunFolder.create(file))
                .isInstanceOf(TrainingProblem.class)
                .hasMessage("--out %1$s: cannot be read as a folder (%1$s is not a folder)", file);
        assertThatThrownBy(() -> RunFolder.open(file))
                .isInstanceOf(TrainingProblem.class)
                .hasMessageStartingWith("--out " + file + ": the folder cannot be made (");
    }

    @Test
    void anEmptyOrMissingFolderIsTaken() throws IOException {
        Files.createDirectories(temporary.resolve("empty"));
        for (String name : new String[] {"empty", "some/where/deep"}) {
            RunFolder folder = RunFolder.create(temporary.resolve(name));
            assertThat(folder.checkpoints()).isEmptyDirectory();
            assertThat(folder.last()).hasFileName("last.safetensors");
            assertThat(folder.best()).hasFileName("best.safetensors");
            assertThat(folder.ofStep(12)).hasFileName("step-12.safetensors");
        }
    }

    @Test
    void stepLinesHaveTheirFields() throws IOException {
        assertThat(lines(logged(), "steps.jsonl"))
                .hasSize(15)
                .contains(
                        "{\"epoch\":1,\"step\":4,\"loss\":0.25,\"lr\":0.1,\"images_per_s\":123.5}");
    }

    @Test
    void epochLinesHaveTheirFields() throws IOException {
        RunFolder folder = logged();
        List<String> lines = lines(folder, "metrics.jsonl");
        assertThat(lines).hasSize(3);
        for (String line : lines) {
            assertThat(new ObjectMapper().readTree(line).fieldNames())
                    .toIterable()
                    .containsExactlyElementsOf(COLUMNS);
        }
        JsonNode first = new ObjectMapper().readTree(lines.getFirst());
        assertThat(first.get("test_acc5").isNull()).isTrue();
        JsonNode second = new ObjectMapper().readTree(lines.get(1));
        assertThat(second.get("test_acc5").doubleValue()).isEqualTo(90);
        assertThat(lines(folder, "metrics.csv"))
                .containsExactly(
                        String.join(",", COLUMNS),
                        "1,5,0.1,1.25,50.0,,,,100.5,2.5,1048576",
                        "2,10,0.1,1.25,50.0,0.75,60.0,90.0,100.5,2.5,1048576",
                        "3,15,0.1,1.25,50.0,,,,100.5,2.5,1048576");
    }

    @Test
    void cuttingBackDropsLaterLinesAndOneThatWasCutOff() throws IOException {
        RunFolder folder = logged();
        List<String> steps = lines(folder, "steps.jsonl");
        List<String> epochs = lines(folder, "metrics.jsonl");
        List<String> rows = lines(folder, "metrics.csv");
        append(folder, "steps.jsonl", "{\"epoch\":1,\"step\":1,\"lo");
        append(folder, "metrics.jsonl", "{\"epoch\":1,\"step\"");
        append(folder, "metrics.csv", "1,2");
        folder.cutBackTo(at(2, 12));
        assertThat(lines(folder, "steps.jsonl")).isEqualTo(steps.subList(0, 12));
        assertThat(lines(folder, "metrics.jsonl")).isEqualTo(epochs.subList(0, 2));
        assertThat(lines(folder, "metrics.csv")).isEqualTo(rows.subList(0, 3));
        assertThat(names(folder.path()))
                .containsExactly("checkpoints", "metrics.csv", "metrics.jsonl", "steps.jsonl");
    }

    @Test
    void aLastLineWithoutItsEndIsKeptAndTheNextBeginsALine() throws IOException {
        RunFolder folder = logged();
        Path file = folder.path().resolve("steps.jsonl");
        List<String> before = lines(folder, "steps.jsonl");
        String text = Files.readString(file);
        Files.writeString(file, text.substring(0, text.length() - 1));
        folder.cutBackTo(at(3, 15));
        folder.logStep(4, 16, 1, 0.1, 1);
        assertThat(lines(folder, "steps.jsonl"))
                .hasSize(16)
                .startsWith(before.toArray(new String[0]));
    }

    @Test
    void cuttingBackToTheStartLeavesNoLogs() throws IOException {
        RunFolder folder = logged();
        folder.cutBackTo(Progress.START);
        assertThat(names(folder.path())).containsExactly("checkpoints");
        folder.cutBackTo(Progress.START);
        folder.logEpoch(metrics(1, evaluation()));
        assertThat(lines(folder, "metrics.csv")).hasSize(2);
    }

    @Test
    void aRunThatGoesOnFromAnEarlierStepKeepsTheLaterCheckpoints() throws IOException {
        RunFolder folder = RunFolder.create(temporary.resolve("run"));
        for (long step : new long[] {10, 20, 30, 40, 70, 80, 90}) {
            Files.writeString(folder.ofStep(step), "x");
        }
        folder.pruneUpTo(40);
        assertThat(names(folder.checkpoints()))
                .containsExactly(
                        "step-20.safetensors",
                        "step-30.safetensors",
                        "step-40.safetensors",
                        "step-70.safetensors",
                        "step-80.safetensors",
                        "step-90.safetensors");
    }

    @Test
    void theNewestThreeStepCheckpointsStay() throws IOException {
        RunFolder folder = RunFolder.create(temporary.resolve("run"));
        for (long step : new long[] {1000, 8, 90, 700, 9}) {
            Files.writeString(folder.ofStep(step), "x");
        }
        Files.writeString(folder.last(), "x");
        Files.writeString(folder.best(), "x");
        Files.writeString(folder.checkpoints().resolve("step-mine.safetensors"), "x");
        folder.pruneUpTo(1000);
        folder.pruneUpTo(1000);
        assertThat(names(folder.checkpoints()))
                .containsExactly(
                        "best.safetensors",
                        "last.safetensors",
                        "step-1000.safetensors",
                        "step-700.safetensors",
                        "step-90.safetensors",
                        "step-mine.safetensors");
    }

    @Test
    void aCopyThatFailsLeavesTheOldFileAndNothingElse() throws IOException {
        RunFolder folder = RunFolder.create(temporary.resolve("run"));
        Files.writeString(folder.best(), "old");
        assertThatThrownBy(() -> folder.copy(folder.last(), folder.best()))
                .isInstanceOf(TrainingProblem.class)
                .hasMessage(
                        "%s cannot be written (%s is missing); make room or choose another --out, then --resume auto",
                        folder.best(), folder.last());
        assertThat(names(folder.checkpoints())).containsExactly("best.safetensors");
        assertThat(folder.best()).hasContent("old");
        Files.writeString(folder.last(), "new");
        folder.copy(folder.last(), folder.best());
        assertThat(folder.best()).hasContent("new");
        assertThat(names(folder.checkpoints()))
                .containsExactly("best.safetensors", "last.safetensors");
    }

    @Test
    void aConfigThatCannotTakeItsPlaceLeavesNoPart() throws IOException {
        RunFolder folder = RunFolder.create(temporary.resolve("run"));
        folder.writeConfig(Map.of("model", "resnet8"));
        Path config = folder.path().resolve("config.json");
        assertThat(new ObjectMapper().readTree(config.toFile()).get("model").asText())
                .isEqualTo("resnet8");
        Files.delete(config);
        Files.createDirectories(config.resolve("occupied"));
        assertThatThrownBy(() -> folder.writeConfig(Map.of("model", "resnet20")))
                .isInstanceOf(TrainingProblem.class)
                .hasMessageStartingWith(config + " cannot be written (");
        assertThat(names(folder.path())).containsExactly("checkpoints", "config.json");
    }
}
