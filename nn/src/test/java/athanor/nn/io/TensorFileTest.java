package athanor.nn.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import athanor.engine.GradMode;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Module;
import athanor.nn.model.Models;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Files that PyTorch 2.13 and NumPy wrote (in `pytorch`, a folder of the test resources), and
/// damaged ones.
class TensorFileTest {
    private static Path resource(String name) {
        try {
            return Path.of(
                    Objects.requireNonNull(TensorFileTest.class.getResource("pytorch/" + name))
                            .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static TensorData tensor(String file, String name) {
        return Objects.requireNonNull(TensorFile.read(resource(file)).get(name), name);
    }

    // ---- PyTorch ----

    @Test
    void aStateOfPyTorchGivesPyTorchsLogits() {
        // Of a training script: names of a widespread repository with DataParallel's prefix, in
        // float16, among other things.
        Map<String, TensorData> state = TensorFile.read(resource("dataparallel.pth"));
        assertThat(state).containsKey("module.layer2.0.shortcut.0.weight");
        Module model = Models.create("resnet8", 3, 3, 12, Optional.empty());
        model.initialize(PhiloxKey.of(1));
        StateDict.load(model, state, "dataparallel.pth");
        model.train(false);
        TensorData x = tensor("expected.npz", "x");
        Tensor planes = Tensor.of(x.shape(), x.floats());
        float[] logits = GradMode.off(() -> model.forward(planes.transpose(0, 2, 3, 1))).toFloats();
        float[] expected = tensor("expected.npz", "y").floats();
        assertThat(logits).hasSameSizeAs(expected);
        for (int i = 0; i < logits.length; i++) {
            assertThat(logits[i]).isCloseTo(expected[i], within(1e-4f));
        }
    }

    @Test
    void allKindsOfTensorsAreRead() {
        assertThat(tensor("kinds.pth", "half").doubles()).containsExactly(1.5, -2);
        assertThat(tensor("kinds.pth", "bfloat16").doubles()).containsExactly(1.5, -2);
        assertThat(tensor("kinds.pth", "double64").doubles()).containsExactly(1e300);
        assertThat(tensor("kinds.pth", "long").longs()).containsExactly(1L << 40, -3);
        assertThat(tensor("kinds.pth", "bool").ints()).containsExactly(1, 0);
        assertThat(tensor("kinds.pth", "parameter").floats()).containsExactly(9);
        assertThat(tensor("kinds.pth", "scalar").shape()).isEqualTo(Shape.SCALAR);
        assertThat(tensor("kinds.pth", "empty").shape()).isEqualTo(Shape.of(0, 3));
    }

    @Test
    void tensorsAreReadInTheOrderOfTheirStrides() {
        assertThat(tensor("kinds.pth", "offset").floats()).containsExactly(4, 5, 6, 7, 8, 9);
        float[] transposed = tensor("kinds.pth", "transposed").floats();
        float[] last = tensor("kinds.pth", "channels_last").floats();
        for (int i = 0; i < 24; i++) {
            assertThat(transposed[i]).isEqualTo(i % 4 * 6 + i / 4);
            assertThat(last[i]).isEqualTo(i);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "evil.pth | it calls posix.system, and nothing of a file is executed",
                "module.pth | it calls torch.nn.modules.linear.Linear",
                "legacy.pth | a pickle of a PyTorch before 1.6",
                "fortran.npy | its array is in Fortran's order",
                "big.npy | elements '>f4'"
            })
    void whatIsMoreThanDataIsRefusedByItsName(String file, String problem) {
        assertThatThrownBy(() -> TensorFile.read(resource(file)))
                .isInstanceOf(ModelFileProblem.class)
                .hasMessageContaining(file)
                .hasMessageContaining(problem);
    }

    @Test
    void aPickleThatIsNoneIsRefused(@TempDir Path folder) throws IOException {
        assertRefused(folder, "it holds no named tensors", "\u0080\u0002]q\u0000.");
        assertRefused(folder, "cut off", "\u0080\u0002}q\u0000(X\u00ff\u0000\u0000\u0000a");
        assertRefused(folder, "the instruction 0x69", "\u0080\u0002i.");
        assertRefused(folder, "takes more than there is", "\u0080\u0002u.");
        assertRefused(folder, "recalls what it never kept", "\u0080\u0002h\u0007.");
        assertRefused(folder, "as a key", "\u0080\u0002}]K\u0001s.");
        assertRefused(folder, "appends to", "\u0080\u0002}K\u0001a.");
        // A list within itself.
        assertRefused(folder, "no named tensors", "\u0080\u0002]q\u0000h\u0000a.");
        assertRefused(
                folder,
                "it calls os.system",
                "\u0080\u0002cos\nsystem\n(X\u0002\u0000\u0000\u0000ls" + "tR.");
    }

    private static void assertRefused(Path folder, String problem, String pickle)
            throws IOException {
        Path file = folder.resolve("x.pth");
        Files.write(file, zip(Map.of("x/data.pkl", pickle.getBytes(StandardCharsets.ISO_8859_1))));
        assertThatThrownBy(() -> TensorFile.read(file))
                .isInstanceOf(ModelFileProblem.class)
                .hasMessageContaining(problem);
    }

    private static byte[] zip(Map<String, byte[]> files) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                zip.putNextEntry(new ZipEntry(file.getKey()));
                zip.write(file.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"kinds.pth", "kinds.npz", "one.npy"})
    void damagedFilesAreRefusedOrReadButNothingElse(String name, @TempDir Path folder)
            throws IOException {
        byte[] whole = Files.readAllBytes(resource(name));
        Path file = folder.resolve(name);
        Random random = new Random(7);
        for (int i = 0; i < 400; i++) {
            byte[] damaged = whole.clone();
            if (i % 4 == 0) {
                damaged = Arrays.copyOf(whole, random.nextInt(whole.length));
            } else {
                for (int j = 0; j <= i % 3; j++) {
                    damaged[random.nextInt(whole.length)] = (byte) random.nextInt(256);
                }
            }
            Files.write(file, damaged);
            try {
                TensorFile.read(file);
            } catch (ModelFileProblem e) {
                assertThat(e.getMessage()).isNotBlank().doesNotContain("\n");
            }
        }
    }

    // ---- names ----

    @ParameterizedTest
    @CsvSource({
        "module.conv1.weight, conv1.weight",
        "_orig_mod.module.layer1.0.bn2.bias, layer1.0.bn2.bias",
        "layer2.0.shortcut.0.weight, layer2.0.downsample.0.weight",
        "linear.bias, fc.bias",
        "conv1.1.running_mean, bn1.running_mean",
        "conv3_x.0.residual_function.4.weight, layer2.0.bn2.weight",
        "features.0.weight, features.0.weight"
    })
    void namesOfOtherRepositoriesAreUnderstood(String theirs, String ours) {
        assertThat(ForeignNames.ours(theirs)).isEqualTo(ours);
    }

    @Test
    void aNameThatIsKnownStays() {
        TensorData t = TensorData.of(Shape.of(1), 1f);
        assertThat(ForeignNames.fit(Map.of("model.weight", t), Set.of("model.weight")))
                .containsOnlyKeys("model.weight");
        assertThat(ForeignNames.fit(Map.of("linear.weight", t), Set.of("0.weight")))
                .containsOnlyKeys("linear.weight");
    }

    // ---- NumPy ----

    @Test
    void arraysOfNumPyAreRead() {
        assertThat(tensor("kinds.npz", "f").shape()).isEqualTo(Shape.of(2, 3));
        assertThat(tensor("kinds.npz", "f").floats()).containsExactly(0, 1, 2, 3, 4, 5);
        assertThat(tensor("kinds.npz", "d").doubles()).containsExactly(2.5);
        assertThat(tensor("kinds.npz", "i").longs()).containsExactly(1, -2);
        assertThat(tensor("kinds.npz", "b").ints()).containsExactly(1, 0);
        assertThat(tensor("kinds.npz", "h").floats()).containsExactly(1.5f);
        assertThat(tensor("kinds.npz", "u").ints()).containsExactly(255);
        assertThat(tensor("one.npy", "array").floats()).containsExactly(0, 1, 2);
    }

    @Test
    void arraysAreWrittenAsNumPyWritesThem(@TempDir Path folder) throws IOException {
        Path one = folder.resolve("one.npy");
        Numpy.write(TensorData.of(Shape.of(3), 0f, 1, 2), one);
        // The header's spaces included.
        assertThat(Files.readAllBytes(one)).isEqualTo(Files.readAllBytes(resource("one.npy")));
        Path several = folder.resolve("several.npz");
        Map<String, TensorData> tensors = TensorFile.read(resource("kinds.npz"));
        Numpy.write(tensors, several);
        Map<String, TensorData> again = TensorFile.read(several);
        assertThat(again.keySet()).isEqualTo(tensors.keySet());
        again.forEach(
                (name, tensor) -> {
                    TensorData before = Objects.requireNonNull(tensors.get(name));
                    assertThat(tensor.shape()).isEqualTo(before.shape());
                    assertThat(tensor.bytes().mismatch(before.bytes())).isEqualTo(-1);
                });
    }

    @Test
    void aFileThatIsNoneOfThemIsRefused(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("x.pth");
        assertThatThrownBy(() -> TensorFile.read(file)).hasMessageContaining("no such file");
        assertThatThrownBy(() -> TensorFile.read(folder)).hasMessageContaining("is a folder");
        Files.write(file, zip(Map.of("readme.txt", new byte[3])));
        assertThatThrownBy(() -> TensorFile.read(file))
                .hasMessageContaining("a zip archive without tensors");
        Files.write(file, ByteBuffer.allocate(4).array());
        assertThatThrownBy(() -> TensorFile.read(file)).isInstanceOf(ModelFileProblem.class);
    }
}
