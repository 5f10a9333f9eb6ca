package athanor.nn.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import athanor.engine.Backend;
import athanor.engine.Conv2dOptions;
import athanor.engine.DType;
import athanor.engine.GradMode;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Activation;
import athanor.nn.AdaptiveAveragePool2d;
import athanor.nn.AdaptiveMaxPool2d;
import athanor.nn.AveragePool2d;
import athanor.nn.Conv2d;
import athanor.nn.Flatten;
import athanor.nn.Linear;
import athanor.nn.LocalResponseNorm;
import athanor.nn.Module;
import athanor.nn.Sequential;
import athanor.nn.model.Models;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What we write, judged by ONNX Runtime.
class OnnxExportTest {
    private static final PhiloxKey KEY = PhiloxKey.of(5);
    private static final double TOLERANCE = 1e-4;

    static Stream<Arguments> models() {
        // Of each family one that is deep enough; large networks are the same code.
        return Stream.of(
                Arguments.of("resnet8", 3, 32),
                Arguments.of("resnet18", 3, 64),
                Arguments.of("resnet50", 3, 32),
                Arguments.of("resnet9", 3, 32),
                Arguments.of("airbench", 3, 32),
                Arguments.of("alexnet", 3, 224),
                Arguments.of("simple-alexnet", 1, 63),
                Arguments.of("cnn", 1, 28));
    }

    @ParameterizedTest
    @MethodSource("models")
    void onnxRuntimeComputesTheSame(String name, int channels, int side) throws Exception {
        Module model = Models.create(name, 10, channels, side, Optional.empty());
        Shape image = Shape.of(side, side, channels);
        Tensor x = images(Shape.of(2, side, side, channels));
        model.initialize(KEY);
        moveStatistics(model, x);
        float[] ours = GradMode.off(() -> model.forward(x)).toFloats();
        for (boolean fold : new boolean[] {false, true}) {
            byte[] file = OnnxExport.bytes(model, image, fold, Map.of("made", "here"));
            assertSame(runtime(file, x), ours);
            OnnxModel imported = OnnxModel.parse(file);
            imported.initialize(KEY);
            imported.train(false);
            assertSame(GradMode.off(() -> imported.forward(x)).toFloats(), ours);
        }
    }

    @Test
    void layersThatNoModelUsesAreTheSameToo() throws Exception {
        Module model =
                new Sequential(
                        new Conv2d(3, 8, 3, Conv2dOptions.DEFAULT.padding(1)),
                        Activation.gelu(),
                        new LocalResponseNorm(5),
                        new AveragePool2d(3, 2, 1),
                        Activation.silu(),
                        new AdaptiveAveragePool2d(3, 5),
                        new AdaptiveAveragePool2d(3, 1),
                        new AdaptiveMaxPool2d(1, 1),
                        new Flatten(),
                        new Linear(8, 6),
                        Activation.tanh(),
                        Activation.sigmoid());
        model.initialize(KEY);
        model.train(false);
        Tensor x = images(Shape.of(2, 8, 8, 3));
        byte[] file = OnnxExport.bytes(model, Shape.of(8, 8, 3), true, Map.of());
        assertSame(runtime(file, x), GradMode.off(() -> model.forward(x)).toFloats());
    }

    @Test
    void aFileIsWrittenWhole(@TempDir Path folder) throws Exception {
        Module model = Models.create("cnn", 10, 1, 28, Optional.empty());
        model.initialize(KEY);
        Path file = folder.resolve("cnn.onnx");
        OnnxExport.write(model, Shape.of(28, 28, 1), true, Map.of(), file);
        assertThat(Files.list(folder)).containsExactly(file);
        OnnxModel read = OnnxModel.read(file);
        assertThat(read.inputs()).containsExactly("input float[?, 1, 28, 28]");
        assertThat(read.outputs()).containsExactly("logits float[?, 10]");
        assertThat(read.parameterCount()).isEqualTo(model.parameterCount());
        assertThat(read.parameters().keySet()).isEqualTo(model.parameters().keySet());
    }

    private static Tensor images(Shape shape) {
        return Tensor.normal(Backend.cpu(), DType.FLOAT32, shape, KEY);
    }

    /// So that the moments of norms are not those of the beginning.
    private static void moveStatistics(Module model, Tensor x) {
        model.train(true);
        GradMode.off(() -> model.forward(x));
        model.train(false);
    }

    private static float[] runtime(byte[] file, Tensor x) throws OrtException {
        float[] planes = GradMode.off(() -> x.transpose(0, 3, 1, 2)).toFloats();
        Shape s = x.shape();
        long[] shape = {s.dim(0), s.dim(3), s.dim(1), s.dim(2)};
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession session = environment.createSession(file);
                OnnxTensor input =
                        OnnxTensor.createTensor(environment, FloatBuffer.wrap(planes), shape);
                OrtSession.Result result = session.run(Map.of("input", input))) {
            float[][] rows = (float[][]) result.get(0).getValue();
            float[] flat = new float[rows.length * rows[0].length];
            for (int i = 0; i < rows.length; i++) {
                System.arraycopy(rows[i], 0, flat, i * rows[i].length, rows[i].length);
            }
            return flat;
        }
    }

    private static void assertSame(float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        double largest = 0;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) actual[i])
                    .isCloseTo(expected[i], within(TOLERANCE * Math.max(1, largest)));
        }
    }
}
