package athanor.nn.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.GradMode;
import athanor.engine.Gradients;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.TapeEntry;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Module;
import athanor.nn.io.ModelFileProblem;
import athanor.nn.model.Models;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OnnxModelTest {
    private static final PhiloxKey KEY = PhiloxKey.of(11);

    private static Module model() {
        Module model = Models.create("resnet8", 4, 3, 16, Optional.empty());
        model.initialize(KEY);
        return model;
    }

    private static OnnxModel imported(Module model) {
        byte[] file = OnnxExport.bytes(model, Shape.of(16, 16, 3), false, Map.of());
        OnnxModel imported = OnnxModel.parse(file);
        imported.initialize(KEY);
        return imported;
    }

    private static Tensor images() {
        return Tensor.normal(Backend.cpu(), DType.FLOAT32, Shape.of(4, 16, 16, 3), KEY);
    }

    private static Tensor labels() {
        return Tensor.of(Backend.cpu(), Shape.of(4), HostBuffer.of(0, 1, 2, 3));
    }

    // ---- training ----

    @Test
    void gradientsInTrainingAreThoseOfOurOwnModel() {
        Module ours = model();
        OnnxModel theirs = imported(ours);
        ours.train(true);
        theirs.train(true);
        try (Workspace _ = Workspace.open()) {
            Tensor x = images();
            Gradients expected = ours.forward(x).crossEntropy(labels()).backward();
            Gradients actual = theirs.forward(x).crossEntropy(labels()).backward();
            assertThat(theirs.parameters().keySet()).isEqualTo(ours.parameters().keySet());
            ours.parameters()
                    .forEach(
                            (name, parameter) ->
                                    assertClose(
                                            name,
                                            actual.of(theirs.parameter(name).tensor())
                                                    .orElseThrow()
                                                    .toFloats(),
                                            expected.of(parameter.tensor())
                                                    .orElseThrow()
                                                    .toFloats()));
        }
        // The running means follow the batch alike; the variance is divided by another count.
        assertClose(
                "running_mean",
                theirs.parameter("bn1.running_mean").tensor().toFloats(),
                ours.parameter("bn1.running_mean").tensor().toFloats());
    }

    private static void assertClose(String name, float[] actual, float[] expected) {
        double largest = 1e-3;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) actual[i]).as(name).isCloseTo(expected[i], within(1e-3 * largest));
        }
    }

    @Test
    void whatWasTrainedFurtherIsWrittenAgain() {
        OnnxModel model = imported(model());
        float[] changed = new float[64 * 4];
        Arrays.fill(changed, 0.5f);
        model.parameter("fc.weight").assign(HostBuffer.of(changed));
        OnnxModel again =
                OnnxModel.parse(OnnxExport.bytes(model, Shape.of(16, 16, 3), true, Map.of()));
        again.initialize(KEY);
        model.train(false);
        again.train(false);
        Tensor x = images();
        assertThat(GradMode.off(() -> again.forward(x)).toFloats())
                .isEqualTo(GradMode.off(() -> model.forward(x)).toFloats());
    }

    @Test
    void memoryOfAnInferenceGoesBack() {
        OnnxModel model = imported(model());
        model.train(false);
        long before = Backend.cpu().memory().live();
        try (Workspace _ = Workspace.open()) {
            Tensor y = GradMode.off(() -> model.forward(images()));
            long kept = Backend.cpu().memory().live() - before;
            assertThat(kept).isLessThan(4L * (images().size() + y.size()) * 3);
        }
        assertThat(Backend.cpu().memory().live()).isEqualTo(before);
    }

    // ---- layouts ----

    @Test
    void imagesAreTransposedOnlyWhereTheOrderMatters() {
        // conv, relu, add, conv: no transpose between input and output.
        List<String> walked =
                explained(
                        node("Conv", "a", "x", "w"),
                        node("Relu", "b", "a"),
                        node("Add", "c", "b", "x"),
                        node("Conv", "y", "c", "w"));
        assertThat(walked).noneMatch(line -> line.contains("transpose"));
        // A pair of transposes, as models of TensorFlow have around convolutions, cancels out.
        List<String> cancelled =
                explained(
                        node("Conv", "a", "x", "w"),
                        permutation("b", "a", 0, 2, 3, 1),
                        node("Relu", "c", "b"),
                        permutation("d", "c", 0, 3, 1, 2),
                        node("Conv", "y", "d", "w"));
        assertThat(cancelled).noneMatch(line -> line.contains("transpose"));
        // A softmax over a row of pixels needs ONNX's order.
        List<String> needed =
                explained(
                        node("Conv", "a", "x", "w"),
                        node("Softmax", "b", "a"),
                        node("Conv", "y", "b", "w"));
        assertThat(needed).anyMatch(line -> line.contains("transpose"));
    }

    private static List<String> explained(Message... nodes) {
        OnnxModel model = OnnxModel.parse(file(nodes));
        model.initialize(KEY);
        Tensor x = Tensor.normal(Backend.cpu(), DType.FLOAT32, Shape.of(1, 3, 3, 2), KEY);
        return model.forward(x).tape().stream().map(TapeEntry::toString).toList();
    }

    private static byte[] file(Message... nodes) {
        Message graph =
                Message.empty()
                        .with(5, TensorFormat.floats("w", Shape.of(2, 2, 1, 1), 1, 2, 3, 4))
                        .with(11, new Graph.Port("x", 1, 1, 2, 3, 3).format())
                        .with(12, new Graph.Port("y", 1, 1, 2, 3, 3).format());
        for (Message node : nodes) {
            graph = graph.with(1, node);
        }
        return Message.empty().with(7, graph).with(8, Message.empty().with(2, 17)).toByteArray();
    }

    private static Message node(String operator, String output, String... inputs) {
        Message node = Message.empty().with(2, output).with(3, output).with(4, operator);
        for (String input : inputs) {
            node = node.with(1, input);
        }
        return node;
    }

    private static Message permutation(String output, String input, int... axes) {
        Message perm = Message.empty().with(1, "perm");
        for (int axis : axes) {
            perm = perm.with(8, axis);
        }
        return node("Transpose", output, input).with(5, perm);
    }

    // ---- what cannot be read or run ----

    @Test
    void unknownOperatorsAreNamedWithTheirNodes(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("m.onnx");
        Files.write(file, file(node("Relu", "a", "x"), node("Rotate", "y", "a")));
        assertThatThrownBy(() -> OnnxModel.read(file))
                .isInstanceOf(ModelFileProblem.class)
                .hasMessage(file + ": 1 of its 2 operators are not known here: node 'y' (Rotate)");
    }

    @Test
    void aProblemOfANodeNamesIt() {
        assertProblem(
                "node 'y' (Add): ", node("Concat", "a", "x", "x"), node("Add", "y", "a", "x"));
        assertProblem("node 'y' (Relu): nothing before it makes 'z'", node("Relu", "y", "z"));
        assertProblem("node 'y' (Add): input 1 is left out", node("Add", "y", "x", ""));
        assertProblem("node 'y' (Conv): input 1 is left out", node("Conv", "y", "x"));
    }

    private static void assertProblem(String problem, Message... nodes) {
        OnnxModel model = OnnxModel.parse(file(nodes));
        model.initialize(KEY);
        assertThatThrownBy(() -> model.forward(Tensor.zeros(Shape.of(1, 3, 3, 2))))
                .isInstanceOf(ModelFileProblem.class)
                .hasMessageContaining(problem);
    }

    @Test
    void aGradientThatNobodyWroteIsRefusedWhereItIsNeeded() {
        OnnxModel model = OnnxModel.parse(file(node("Conv", "a", "x", "w"), node("Sin", "y", "a")));
        model.initialize(KEY);
        Tensor x = Tensor.zeros(Shape.of(1, 3, 3, 2));
        assertThatThrownBy(() -> model.forward(x))
                .hasMessageContaining("node 'y' (Sin): its gradient is not implemented");
        assertThat(GradMode.off(() -> model.forward(x)).toFloats()).containsOnly(0);
        model.freeze();
        assertThat(model.forward(x).toFloats()).containsOnly(0);
    }

    @Test
    void damagedFilesAreRefusedOrRunButNothingElse(@TempDir Path folder) throws IOException {
        byte[] whole = OnnxExport.bytes(smallModel(), Shape.of(10, 10, 1), false, Map.of());
        Path file = folder.resolve("m.onnx");
        Random random = new Random(5);
        int read = 0;
        for (int i = 0; i < 300; i++) {
            byte[] damaged =
                    i % 4 == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
            for (int j = 0; j < i % 3 && damaged.length > 0; j++) {
                // Most of the file is numbers; what is around them is at its beginning and end.
                int far = Math.min(damaged.length, 900);
                int place = random.nextInt(far);
                damaged[random.nextBoolean() ? place : damaged.length - 1 - place] ^=
                        (byte) (1 << random.nextInt(8));
            }
            Files.write(file, damaged);
            try {
                OnnxModel.read(file).outputsOfZeros();
                read++;
            } catch (ModelFileProblem e) {
                assertThat(e.getMessage()).isNotBlank();
            }
        }
        assertThat(read).isGreaterThan(10);
    }

    private static Module smallModel() {
        Module model = Models.create("cnn", 2, 1, 10, Optional.empty());
        model.initialize(KEY);
        return model;
    }

    @ParameterizedTest
    @ValueSource(ints = {9, 100})
    void otherNumbersOfClassesAreRefused(int classes) {
        OnnxModel model = imported(model());
        model.requireFit(Shape.of(16, 16, 3), 4);
        assertThatThrownBy(() -> model.requireFit(Shape.of(16, 16, 3), classes))
                .hasMessageContaining(
                        "it takes input float[?, 3, 16, 16] and yields logits float[?, 4]");
        assertThatThrownBy(() -> model.requireFit(Shape.of(16, 16, 1), 4))
                .hasMessageContaining("images of 1 x 16 x 16");
    }

    @Test
    void theErrorFunctionIsAccurate() {
        // From tables (Abramowitz and Stegun 7.1).
        Map<Double, Double> known =
                Map.of(
                        0.0,
                        0.0,
                        0.5,
                        0.5204998778,
                        1.0,
                        0.8427007929,
                        2.0,
                        0.9953222650,
                        2.6,
                        0.9997639656);
        known.forEach(
                (x, y) -> {
                    assertThat(Elementwise.erf(x)).isCloseTo(y, within(1e-9));
                    assertThat(Elementwise.erf(-x)).isEqualTo(-Elementwise.erf(x));
                });
    }
}
