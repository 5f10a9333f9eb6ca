package athanor.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import athanor.engine.Backend;
import athanor.engine.Memory;
import athanor.kernels.parallel.Parallel;
import athanor.nn.io.ModelFileProblem;
import athanor.nn.io.StateDict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingRunTest {
    @TempDir private static Path images;
    @TempDir private Path temporary;

    private final int threads = Parallel.threads();

    @BeforeAll
    static void draw() throws IOException {
        TinyRun.draw(images);
    }

    @AfterEach
    void restoreThreads() {
        Parallel.threads(threads);
    }

    private TinyRun run(String name) {
        return new TinyRun(images, temporary.resolve(name));
    }

    private static String[] with(String[] changes, String... more) {
        List<String> all = new ArrayList<>(List.of(changes));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    /// The process dies in this step: after it was logged, before a checkpoint of it.
    private static TrainingEvent.Listener diesIn(long step) {
        return event -> {
            if (event instanceof TrainingEvent.StepFinished done && done.step() == step) {
                throw new IllegalStateException("power failure");
            }
        };
    }

    private static void assertOneLine(ThrowingCallable call, Class<?> type, String... parts) {
        assertThatThrownBy(call)
                .isInstanceOf(type)
                .hasMessageContainingAll(parts)
                .message()
                .doesNotContain("\n");
    }

    // ---- same seed, same bits ----

    @Test
    void threadsAndWorkersChangeNoBit() throws IOException {
        TinyRun alone = run("alone");
        TinyRun many = run("many");
        alone.train("epochs", "1", "threads", "1", "workers", "0");
        many.train("epochs", "1", "threads", "2", "workers", "2");
        assertThat(TinyRun.tensors(many.last())).isEqualTo(TinyRun.tensors(alone.last()));
        assertThat(many.log("steps.jsonl")).hasSize(6).isEqualTo(alone.log("steps.jsonl"));
        assertThat(many.log("metrics.jsonl")).hasSize(1).isEqualTo(alone.log("metrics.jsonl"));
    }

    @Test
    void anotherSeedGivesOtherBits() {
        run("zero").train("max-steps", "1");
        run("one").train("max-steps", "1", "seed", "1");
        assertThat(TinyRun.tensors(run("one").last()))
                .isNotEqualTo(TinyRun.tensors(run("zero").last()));
    }

    // ---- going on ----

    @ParameterizedTest
    @ValueSource(
            strings = {
                "model resnet8 optimizer sgd nesterov on weight-decay 5e-4 schedule onecycle",
                "model resnet8 optimizer sgd amp fp16",
                "model simple-alexnet optimizer adam lr 1e-3 amp bf16",
                "model simple-alexnet optimizer adam lr 1e-3 weight-decay 5e-4 schedule cosine"
            })
    void oneThatDiedWithinAnEpochAndWentOnIsAsOneThatDidNot(String kind) throws IOException {
        String[] settings = with(kind.split(" "), "checkpoint-every", "3");
        TinyRun whole = run("whole");
        whole.train(settings);

        TinyRun broken = run("broken");
        assertThatThrownBy(() -> broken.prepare(diesIn(11), settings).run())
                .hasMessage("power failure");
        assertThat(Checkpoint.read(broken.last()).progress().batch()).isEqualTo(3);
        assertThat(broken.log("steps.jsonl")).hasSize(11);
        Files.writeString(
                broken.out().resolve("steps.jsonl"),
                "{\"epoch\":2,\"st",
                StandardOpenOption.APPEND);
        broken.train(with(settings, "resume", "auto"));

        assertThat(TinyRun.tensors(broken.last())).isEqualTo(TinyRun.tensors(whole.last()));
        for (String name : new String[] {"best", "step-6", "step-9", "step-12"}) {
            String file = "checkpoints/" + name + ".safetensors";
            assertThat(TinyRun.tensors(broken.out().resolve(file)))
                    .as(name)
                    .isEqualTo(TinyRun.tensors(whole.out().resolve(file)));
        }
        assertThat(broken.log("steps.jsonl")).hasSize(12).isEqualTo(whole.log("steps.jsonl"));
        assertThat(broken.log("metrics.jsonl")).hasSize(2).isEqualTo(whole.log("metrics.jsonl"));
        assertThat(Files.readAllLines(broken.out().resolve("metrics.csv"))).hasSize(3);
    }

    @Test
    void maxStepsEndsWhereItSaysAndChangesNoSchedule() throws IOException {
        String[] settings = {"schedule", "onecycle"};
        run("whole").train(settings);
        TinyRun cut = run("cut");
        TrainingEvent.Finished finished = cut.train(with(settings, "max-steps", "8"));
        assertThat(finished.step()).isEqualTo(8);
        assertThat(Checkpoint.read(cut.last()).progress().step()).isEqualTo(8);
        assertThat(cut.log("steps.jsonl")).isEqualTo(run("whole").log("steps.jsonl").subList(0, 8));

        cut.train(with(settings, "resume", "auto"));
        assertThat(TinyRun.tensors(cut.last())).isEqualTo(TinyRun.tensors(run("whole").last()));
        assertThat(cut.log("steps.jsonl")).isEqualTo(run("whole").log("steps.jsonl"));
    }

    @Test
    void oneThatIsCompleteEndsAtOnce() throws IOException {
        for (String[] settings : new String[][] {{"epochs", "1"}, {"max-steps", "2"}}) {
            TinyRun complete = run(settings[0]);
            complete.train(settings);
            Map<String, String> before = TinyRun.snapshot(complete.out().resolve("checkpoints"));
            List<String> steps = complete.log("steps.jsonl");
            List<TrainingEvent> events = new ArrayList<>();
            complete.prepare(events::add, with(settings, "resume", "auto")).run();
            assertThat(events)
                    .hasExactlyElementsOfTypes(
                            TrainingEvent.Started.class, TrainingEvent.Finished.class);
            assertThat(TinyRun.snapshot(complete.out().resolve("checkpoints"))).isEqualTo(before);
            assertThat(complete.log("steps.jsonl")).isEqualTo(steps);
        }
    }

    @Test
    void resumeAutoWithoutACheckpointStartsAfresh() throws IOException {
        TinyRun fresh = run("fresh");
        assertThat(fresh.train("max-steps", "1", "resume", "auto").step()).isEqualTo(1);
        Files.delete(fresh.last());
        assertThat(fresh.train("max-steps", "2", "resume", "auto").step()).isEqualTo(2);
        assertThat(fresh.log("steps.jsonl")).hasSize(2);
        assertOneLine(
                () -> fresh.train("resume", "auto", "out", ""),
                InvalidSetting.class,
                "--resume auto: needs --out DIR");
    }

    @Test
    void aCheckpointGoesOnInItsOwnFolderAndInAnother() throws IOException {
        TinyRun first = run("first");
        first.train("max-steps", "3");
        first.train("max-steps", "4", "resume", first.last().toString(), "out", "");
        assertThat(first.log("steps.jsonl")).hasSize(4);
        TinyRun other = run("other");
        other.train("max-steps", "5", "resume", first.last().toString());
        assertThat(other.log("steps.jsonl")).hasSize(1);
        assertThat(first.log("steps.jsonl")).hasSize(4);
        assertThat(Checkpoint.read(other.last()).progress().step()).isEqualTo(5);
    }

    @Test
    void whatDoesNotFitTheCheckpointIsRefusedInALineAndChangesNoFile() throws IOException {
        TinyRun run = run("run");
        run.train("max-steps", "2");
        Map<String, String> before = TinyRun.snapshot(run.out());
        assertOneLine(
                () -> run.train("resume", "auto", "model", "cnn"),
                TrainingProblem.class,
                "--resume: the checkpoint is of resnet8, 4 classes, 3 x 32 x 32, this training is of cnn, 4 classes",
                "--init");
        assertOneLine(
                () -> run.train("resume", "auto", "optimizer", "adam"),
                TrainingProblem.class,
                "--resume: the checkpoint has no optimizer.conv1.weight.mean of shape",
                "resume with the --optimizer that wrote it");
        assertOneLine(
                () -> run.train("resume", "auto", "momentum", "0"),
                TrainingProblem.class,
                "--resume: the checkpoint holds optimizer.conv1.weight.velocity",
                "resume with the --optimizer and --momentum that wrote it");
        assertOneLine(
                () -> run.train("resume", "auto", "drop", "0.5,0.1"),
                InvalidSetting.class,
                "--drop 0.5,0.1",
                "one number of 0 to 0.999");
        assertOneLine(
                () -> run.train("resume", "auto", "batch-size", "40"),
                TrainingProblem.class,
                "--resume: the checkpoint is at batch 2 of an epoch in batches of 7, this training has 1 batches of 40",
                "--batch-size");
        assertOneLine(
                () -> run.train("resume", temporary.resolve("none.safetensors").toString()),
                ModelFileProblem.class,
                "none.safetensors: there is no such file");
        assertOneLine(() -> run.train(), InvalidSetting.class, "--out", "not empty");
        assertThat(TinyRun.snapshot(run.out())).isEqualTo(before);
    }

    @Test
    void aDamagedCheckpointIsRefusedInALineAndChangesNoFile() throws IOException {
        TinyRun run = run("run");
        run.train("max-steps", "1");
        byte[] bytes = Files.readAllBytes(run.last());
        bytes[bytes.length / 2] ^= 4;
        Files.write(run.last(), bytes);
        Map<String, String> before = TinyRun.snapshot(run.out());
        assertOneLine(
                () -> run.train("resume", "auto"),
                ModelFileProblem.class,
                run.last().toString(),
                "damaged");
        assertThat(TinyRun.snapshot(run.out())).isEqualTo(before);
    }

    @Test
    void whereTheLastCheckpointIsDamagedTheOneOfAStepBeforeItIsUsed() throws IOException {
        String[] settings = {"checkpoint-every", "2"};
        run("whole").train(settings);
        TinyRun run = run("run");
        run.train(with(settings, "max-steps", "8"));
        Files.write(run.last(), new byte[10]);
        Path step8 = run.out().resolve("checkpoints/step-8.safetensors");
        byte[] bytes = Files.readAllBytes(step8);
        bytes[bytes.length - 100] ^= 1;
        Files.write(step8, bytes);
        Path left = run.out().resolve("checkpoints/step-9.safetensors.5d4e-1.part");
        Files.writeString(left, "by a killed run");
        Files.writeString(run.out().resolve("mine.part"), "of the user");

        Resumption found =
                Resumption.of(run.settings(with(settings, "resume", "auto"))).orElseThrow();
        assertThat(found.file()).hasFileName("step-6.safetensors");
        assertThat(found.passedOver()).hasSize(2);
        assertThat(found.passedOver().getFirst()).startsWith(run.last() + ": ");
        assertThat(found.passedOver().getLast()).startsWith(step8 + ": its checksum");
        run.train(with(settings, "resume", "auto"));
        assertThat(TinyRun.tensors(run.last())).isEqualTo(TinyRun.tensors(run("whole").last()));
        assertThat(run.log("steps.jsonl")).isEqualTo(run("whole").log("steps.jsonl"));
        assertThat(left).doesNotExist();
        assertThat(run.out().resolve("mine.part")).exists();
    }

    @Test
    void oneThatIsAskedToStopWritesACheckpointAndGoesOnInTheSameBits() throws IOException {
        run("whole").train("max-steps", "6", "test-batch-size", "6");
        // Within an epoch; between the last step and its evaluation; within that.
        for (String moment : List.of("step 1/4", "step 1/6", "test 6/12")) {
            TinyRun run = run(moment.replace('/', '-'));
            List<TrainingRun> training = new ArrayList<>();
            List<String> events = new ArrayList<>();
            training.add(
                    run.prepare(
                            event -> {
                                events.add(name(event));
                                if (name(event).equals(moment)) {
                                    training.getFirst().stop();
                                }
                            },
                            "max-steps",
                            "6",
                            "test-batch-size",
                            "6"));
            assertThatThrownBy(() -> training.getFirst().run()).isInstanceOf(TrainingStopped.class);
            assertThat(events).endsWith(moment, "checkpoint last.safetensors");
            run.train("max-steps", "6", "test-batch-size", "6", "resume", "auto");
            assertThat(TinyRun.tensors(run.last())).isEqualTo(TinyRun.tensors(run("whole").last()));
            assertThat(run.log("metrics.jsonl"))
                    .hasSize(1)
                    .isEqualTo(run("whole").log("metrics.jsonl"));
        }
    }

    // ---- where it starts ----

    @Test
    void initTakesTheParametersOfACheckpointAndNothingElse() throws IOException {
        TinyRun first = run("first");
        first.train("max-steps", "2");
        List<TrainingEvent> events = new ArrayList<>();
        TrainingRun second =
                run("second")
                        .prepare(
                                events::add,
                                "init",
                                first.last().toString(),
                                "seed",
                                "5",
                                "max-steps",
                                "1");
        Map<String, String> expected = TinyRun.tensors(first.last());
        StateDict.of(second.model())
                .forEach(
                        (name, data) ->
                                assertThat(TinyRun.bits(data))
                                        .as(name)
                                        .isEqualTo(expected.get(name)));
        second.run();
        assertThat(events.getFirst()).isEqualTo(new TrainingEvent.Started(0, 2, 0, 6));
        assertThat(Checkpoint.read(run("second").last()).optimizerSteps()).isEqualTo(1);
        assertOneLine(
                () -> run("third").train("init", first.last().toString(), "model", "cnn"),
                ModelFileProblem.class,
                first.last() + " is of another model: ");
        assertThat(run("third").out()).doesNotExist();
    }

    @Test
    void whatCannotBeTrainedIsRefusedBeforeAFolderIsMade() {
        TinyRun run = run("run");
        assertOneLine(
                () -> run.train("batch-size", "41"),
                InvalidSetting.class,
                "--batch-size 41: accepted is 1 to 40, the images of imagefolder");
        assertOneLine(
                () -> run.train("model", "resnet19"), InvalidSetting.class, "--model resnet19: ");
        assertOneLine(() -> run.train("model", ""), InvalidSetting.class, "--model NAME");
        assertOneLine(
                () -> run.train("std", "0"), InvalidSetting.class, "--std 0: accepted is numbers");
        assertOneLine(
                () -> run.train("mean", "0.1,0.2"),
                InvalidSetting.class,
                "--mean 0.1,0.2: accepted is one number, or one for each of 3 channels");
        assertThat(run.out()).doesNotExist();
    }

    // ---- what it tells ----

    private static String name(TrainingEvent event) {
        return switch (event) {
            case TrainingEvent.Started started -> "started at " + started.step();
            case TrainingEvent.StepFinished step -> "step " + step.epoch() + "/" + step.step();
            case TrainingEvent.Evaluating test -> "test " + test.done() + "/" + test.total();
            case TrainingEvent.EpochFinished epoch -> "epoch " + epoch.metrics().epoch();
            case TrainingEvent.Warning warning -> "warning " + warning.text();
            case TrainingEvent.CheckpointWritten written ->
                    "checkpoint " + written.file().getFileName();
            case TrainingEvent.Finished finished -> "finished at " + finished.step();
        };
    }

    @Test
    void aListenerHearsOfEverythingInOrder() {
        List<String> events = new ArrayList<>();
        run("run")
                .prepare(
                        event -> events.add(name(event)),
                        "batch-size",
                        "16",
                        "test-batch-size",
                        "8",
                        "checkpoint-every",
                        "2",
                        "max-steps",
                        "5")
                .run();
        assertThat(events)
                .containsExactly(
                        "started at 0",
                        "step 1/1",
                        "step 1/2",
                        "checkpoint last.safetensors",
                        "step 1/3",
                        "test 8/12",
                        "test 12/12",
                        "epoch 1",
                        "checkpoint last.safetensors",
                        "step 2/4",
                        "checkpoint last.safetensors",
                        "step 2/5",
                        "checkpoint last.safetensors",
                        "finished at 5");
    }

    @Test
    void anEpochIsSummedOverItsImages() {
        List<TrainingEvent.StepFinished> steps = new ArrayList<>();
        List<EpochMetrics> epochs = new ArrayList<>();
        run("run")
                .prepare(
                        event -> {
                            if (event instanceof TrainingEvent.StepFinished step) {
                                steps.add(step);
                            } else if (event instanceof TrainingEvent.EpochFinished epoch) {
                                epochs.add(epoch.metrics());
                            }
                        },
                        "epochs",
                        "3",
                        "eval-every",
                        "2",
                        "batch-size",
                        "16")
                .run();
        assertThat(steps).hasSize(9);
        assertThat(steps.get(2).images()).isEqualTo(8);
        double sum = steps.subList(0, 3).stream().mapToDouble(s -> s.loss() * s.images()).sum();
        assertThat(epochs.getFirst().trainLoss())
                .isEqualTo(sum / TinyRun.TRAINING_IMAGES, within(1e-12));
        assertThat(epochs.getFirst().step()).isEqualTo(3);
        assertThat(epochs.stream().map(epoch -> epoch.test().isPresent()))
                .containsExactly(false, true, true);
        assertThat(epochs.get(1).test().orElseThrow().confusion()).hasDimensions(4, 4);
    }

    @Test
    void printFrequencyThinsTheLinesOfSteps() throws IOException {
        TinyRun run = run("run");
        run.train("print-freq", "3", "epochs", "1", "eval-every", "0");
        assertThat(run.log("steps.jsonl"))
                .hasSize(2)
                .allMatch(line -> line.contains("\"step\":3,") || line.contains("\"step\":6,"));
        assertThat(Files.readString(run.out().resolve("config.json")))
                .contains("\"print-freq\" : \"3\"", "\"threads_used\" : 2", "\"model_parameters\"");
    }

    @Test
    void oneThatDivergesNamesStepLayerRateAndCheckpoint() throws IOException {
        TinyRun run = run("run");
        run.train("max-steps", "2");
        assertOneLine(
                () -> run.train("resume", "auto", "lr", "1e30", "max-steps", "0"),
                TrainingProblem.class,
                "the loss is NaN at step 4: the training has diverged, first in layer1.0.bn1 (BatchNorm2d)",
                "at a learning rate of 1.00e+30",
                "the checkpoint before it is " + run.last(),
                "lower --lr");
        assertThat(Checkpoint.read(run.last()).progress().step()).isEqualTo(2);
        assertOneLine(
                () -> run("other").train("lr", "1e60", "checkpoint-every", "1"),
                TrainingProblem.class,
                "the weights are not finite at step 1: the training has diverged, first in ");
        assertThat(run("other").last()).doesNotExist();
    }

    @Test
    void rollbackGoesBackToTheLastCheckpointAtHalfTheRate() throws IOException {
        List<String> warnings = new ArrayList<>();
        TinyRun run = run("run");
        TrainingEvent.Listener listener =
                event -> {
                    if (event instanceof TrainingEvent.Warning warning) {
                        warnings.add(warning.text());
                    }
                };
        String[] settings = {"model", "cnn", "lr", "20", "momentum", "0", "epochs", "1"};
        String[] rolling = with(settings, "on-divergence", "rollback");
        run.prepare(listener, rolling).run();
        assertThat(warnings).isNotEmpty().first().asString().contains("at 0.5 times the learning");
        Progress end = Checkpoint.read(run.last()).progress();
        assertThat(end.step()).isEqualTo(6);
        assertThat(end.rateFactor()).isEqualTo(Math.scalb(1.0, -warnings.size()));
        assertThat(run.log("steps.jsonl")).hasSize(6);
        assertOneLine(
                () -> run("hopeless").train(with(rolling, "lr", "1e60", "optimizer", "adam")),
                TrainingProblem.class,
                "times the schedule's did not help");
    }

    // ---- memory and disk ----

    /// Live and pooled bytes after each step.
    private List<Long> bytesAfterSteps(String... settings) {
        Memory memory = Backend.cpu().memory();
        memory.trim();
        List<Long> bytes = new ArrayList<>();
        run("memory")
                .prepare(
                        event -> {
                            if (event instanceof TrainingEvent.StepFinished) {
                                bytes.add(memory.live() + memory.pooled());
                            }
                        },
                        settings)
                .run();
        return bytes;
    }

    @Test
    void memoryDoesNotGrowAfterTheFirstSteps() {
        List<Long> bytes = bytesAfterSteps("batch-size", "8", "eval-every", "0");
        assertThat(bytes).hasSize(10);
        assertThat(bytes.get(1)).isPositive();
        // The first checkpoint, after step 5, takes a little of its own.
        assertThat(bytes.subList(1, 5)).containsOnly(bytes.get(1));
        assertThat(bytes.subList(5, 10)).containsOnly(bytes.get(5));
    }

    @Test
    void evaluationsAndShortBatchesAddNothingAfterTheFirstEpoch() {
        List<Long> bytes = bytesAfterSteps("epochs", "3");
        assertThat(bytes).hasSize(18);
        assertThat(bytes.subList(6, 18)).containsOnly(bytes.get(6));
    }

    @Test
    void aRunWhoseFolderIsTakenAwayEndsInALineAndLeavesTheOldCheckpoint() throws IOException {
        TinyRun run = run("run");
        Path checkpoints = run.out().resolve("checkpoints");
        Path away = temporary.resolve("away");
        TrainingEvent.Listener thief =
                event -> {
                    if (event instanceof TrainingEvent.StepFinished step && step.step() == 3) {
                        try {
                            Files.move(checkpoints, away);
                            Files.writeString(checkpoints, "a file");
                        } catch (IOException e) {
                            throw new AssertionError(e);
                        }
                    }
                };
        assertOneLine(
                () -> run.prepare(thief, "checkpoint-every", "2").run(),
                ModelFileProblem.class,
                "step-4.safetensors: cannot be written");
        assertThat(Checkpoint.read(away.resolve("last.safetensors")).progress().step())
                .isEqualTo(2);
        assertThat(Optional.ofNullable(away.toFile().list()).orElseThrow())
                .containsExactlyInAnyOrder("last.safetensors", "step-2.safetensors");
    }
}
