package athanor.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import athanor.kernels.random.Philox;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Module;
import athanor.nn.io.ModelFileProblem;
import athanor.nn.io.Safetensors;
import athanor.nn.io.StateDict;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
    private static final Settings SETTINGS =
            Settings.initial().with(Setting.MODEL, "cnn").with(Setting.EPOCHS, "3");
    private static final ModelSpec SPEC = ModelSpec.of(SETTINGS, 2, 1, 10);
    private static final List<String> CLASSES = List.of("cat", "\"dog\", größer");

    @TempDir private Path temporary;

    private static Module model(long seed) {
        Module model = SPEC.create();
        model.initialize(PhiloxKey.of(seed));
        return model;
    }

    private static Update update(Module model) {
        Map<String, athanor.engine.Tensor> tensors = new LinkedHashMap<>();
        model.parameters().forEach((name, parameter) -> tensors.put(name, parameter.tensor()));
        return Update.of(SETTINGS, Optimizer.of(SETTINGS, tensors), model, 10);
    }

    private static Checkpoint checkpoint(long step) {
        Module model = model(step);
        Update update = update(model);
        update.optimizer().resumeAt(step);
        Progress progress =
                new Progress(1, step, 2, 0.1 + 0.2, 3, 4, 5.5, 66.6, 1, 1, new LossScale(4096, 7));
        return Checkpoint.of(SETTINGS, SPEC, CLASSES, progress, model, update);
    }

    private Path written() {
        Path file = temporary.resolve("last.safetensors");
        checkpoint(1).write(file);
        return file;
    }

    private List<String> files() {
        return List.of(java.util.Objects.requireNonNull(temporary.toFile().list()));
    }

    @Test
    void isReadAsItWasWritten() {
        Checkpoint read = Checkpoint.read(written());
        assertThat(read.settings().asMap()).isEqualTo(SETTINGS.asMap());
        assertThat(read.spec()).isEqualTo(SPEC);
        assertThat(read.classNames()).isEqualTo(CLASSES);
        assertThat(read.progress())
                .isEqualTo(
                        new Progress(
                                1, 1, 2, 0.1 + 0.2, 3, 4, 5.5, 66.6, 1, 1, new LossScale(4096, 7)));
        assertThat(read.optimizerSteps()).isEqualTo(1);
        assertThat(read.tensors()).containsKeys("0.weight", "optimizer.0.weight.velocity");
        StateDict.of(read.model())
                .forEach(
                        (name, data) ->
                                assertThat(TinyRun.bits(data))
                                        .isEqualTo(
                                                TinyRun.bits(
                                                        java.util.Objects.requireNonNull(
                                                                checkpoint(1)
                                                                        .tensors()
                                                                        .get(name)))));
    }

    @Test
    void oneThatIsCutShortOrLongerIsRefusedInALine() throws IOException {
        Path file = written();
        byte[] whole = Files.readAllBytes(file);
        int header = (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
        for (int length :
                new int[] {
                    0,
                    1,
                    7,
                    8,
                    9,
                    8 + header / 2,
                    7 + header,
                    8 + header,
                    9 + header,
                    whole.length / 2,
                    whole.length - 1,
                    whole.length + 1
                }) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertRefused(file, "length " + length);
        }
    }

    @Test
    void oneWithAFlippedBitIsRefusedInALine() throws IOException {
        Path file = written();
        byte[] whole = Files.readAllBytes(file);
        int header = (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
        PhiloxKey key = PhiloxKey.of(3);
        for (int i = 0; i < 200; i++) {
            int at = Philox.below(key, 2L * i, i % 2 == 0 ? 8 + header : whole.length);
            byte[] damaged = whole.clone();
            damaged[at] ^= (byte) (1 << Philox.below(key, 2L * i + 1, 8));
            Files.write(file, damaged);
            assertRefused(file, "byte " + at);
        }
    }

    private static void assertRefused(Path file, String damage) {
        assertThatThrownBy(() -> Checkpoint.read(file))
                .as(damage)
                .isInstanceOf(ModelFileProblem.class)
                .hasMessageStartingWith(file.toString())
                .message()
                .doesNotContain("\n");
    }

    @Test
    void aModelFileThatIsNoCheckpointIsPointedToInit() {
        Path file = temporary.resolve("model.safetensors");
        new Safetensors(Map.of("format", "pt"), StateDict.of(model(1))).write(file);
        assertThatThrownBy(() -> Checkpoint.read(file))
                .isInstanceOf(ModelFileProblem.class)
                .hasMessage(
                        file
                                + ": it holds tensors, but is no checkpoint of athanor; use it with --init FILE instead");
        Module other = model(2);
        Checkpoint.loadParameters(file, other);
        assertThat(other.parameter("0.weight").tensor().toFloats())
                .isEqualTo(model(1).parameter("0.weight").tensor().toFloats());
    }

    @Test
    void whatDoesNotFitChangesNothing() {
        Checkpoint checkpoint = Checkpoint.read(written());
        Module model = model(2);
        Map<String, athanor.engine.Tensor> tensors = new LinkedHashMap<>();
        model.parameters().forEach((name, parameter) -> tensors.put(name, parameter.tensor()));
        Optimizer adam = Optimizer.adam(tensors, Optimizer.Shares.equal(0), false);
        assertThatThrownBy(() -> checkpoint.restore(model, Update.of(SETTINGS, adam, model, 10)))
                .isInstanceOf(TrainingProblem.class);
        assertThat(model.parameter("0.weight").tensor().toFloats())
                .isEqualTo(model(2).parameter("0.weight").tensor().toFloats());
        assertThat(adam.steps()).isZero();
    }

    /// An interrupt closes the file under the writer, as a full disk would stop it.
    @Test
    void aWriteThatFailsLeavesTheOldFileAndNothingElse() throws IOException {
        Path file = written();
        byte[] before = Files.readAllBytes(file);
        Thread.currentThread().interrupt();
        try {
            assertThatThrownBy(() -> checkpoint(2).write(file))
                    .isInstanceOf(ModelFileProblem.class)
                    .hasMessageStartingWith(file + ": cannot be written")
                    .message()
                    .doesNotContain("\n");
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
        assertThat(files()).containsExactly("last.safetensors");
        assertThat(file).hasBinaryContent(before);
        checkpoint(2).write(file);
        assertThat(Checkpoint.read(file).progress().step()).isEqualTo(2);
    }

    @Test
    void aNameThatCannotBeTakenIsRefusedInALine() throws IOException {
        Path file = temporary.resolve("last.safetensors");
        Files.createDirectories(file.resolve("occupied"));
        assertThatThrownBy(() -> checkpoint(1).write(file))
                .isInstanceOf(ModelFileProblem.class)
                .hasMessageStartingWith(file + ": cannot be written");
        assertThat(files()).containsExactly("last.safetensors");
    }
}
