package athanor.nn.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import athanor.engine.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsTest {
    @TempDir private Path folder = Path.of("");
    private Path file = Path.of("");

    @BeforeEach
    void nameTheFile() {
        file = folder.resolve("model.safetensors");
    }

    private static Safetensors sample() {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        tensors.put("bytes", TensorData.of(Shape.of(3), (byte) 1, (byte) 255, (byte) 7));
        tensors.put("floats", TensorData.of(Shape.of(2, 2), 1f, -2.5f, Float.NaN, 1e-40f));
        tensors.put("doubles", TensorData.of(Shape.of(1), Math.PI));
        tensors.put("step", TensorData.of(Shape.SCALAR, 1L << 40));
        tensors.put("ints", TensorData.of(Shape.of(2), -5, 6));
        tensors.put("nothing", TensorData.of(Shape.of(0, 4), new float[0]));
        return new Safetensors(Map.of("made by", "a \"test\" \u00e4"), tensors);
    }

    @Test
    void whatIsWrittenIsRead() {
        sample().write(file);
        Safetensors read = Safetensors.read(file);
        assertThat(read.metadata()).isEqualTo(sample().metadata());
        assertThat(read.tensors().keySet())
                .containsExactlyInAnyOrderElementsOf(sample().tensors().keySet());
        assertThat(tensor(read, "bytes").longs()).containsExactly(1, 255, 7);
        assertThat(tensor(read, "floats").floats()).containsExactly(1, -2.5f, Float.NaN, 1e-40f);
        assertThat(tensor(read, "floats").shape()).isEqualTo(Shape.of(2, 2));
        assertThat(tensor(read, "doubles").doubles()).containsExactly(Math.PI);
        assertThat(tensor(read, "step").longs()).containsExactly(1L << 40);
        assertThat(tensor(read, "ints").ints()).containsExactly(-5, 6);
        assertThat(tensor(read, "nothing").shape()).isEqualTo(Shape.of(0, 4));
    }

    private static TensorData tensor(Safetensors file, String name) {
        assertThat(file.tensors()).containsKey(name);
        return file.tensors().getOrDefault(name, TensorData.of(Shape.of(0), new float[0]));
    }

    @Test
    void writingReplacesTheOldFileAndLeavesNoOther() throws IOException {
        Files.writeString(file, "old");
        sample().write(file);
        assertThat(Safetensors.read(file).tensors()).hasSize(6);
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void aFolderThatIsNotThereIsNamed() {
        Path nowhere = folder.resolve("none").resolve("model.safetensors");
        assertThatThrownBy(() -> sample().write(nowhere))
                .isInstanceOf(ModelFileProblem.class)
                .hasMessageContaining("cannot be written");
        assertThatThrownBy(() -> Safetensors.read(nowhere))
                .hasMessage(nowhere + ": there is no such file");
        assertThatThrownBy(() -> Safetensors.read(folder)).hasMessageContaining("is a folder");
    }

    @Test
    void theHeaderEndsAtAMultipleOfEightAndLargeElementsComeFirst() throws IOException {
        sample().write(file);
        byte[] bytes = Files.readAllBytes(file);
        long length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        assertThat(length % 8).isZero();
        String header = new String(bytes, 8, (int) length, StandardCharsets.UTF_8);
        assertThat(header).startsWith("{\"__metadata__\":{");
        assertThat(header.indexOf("doubles")).isLessThan(header.indexOf("floats"));
        assertThat(header.indexOf("floats")).isLessThan(header.indexOf("bytes"));
    }

    @Test
    void anyChangedByteOfTheNumbersIsNoticed() throws IOException {
        sample().write(file);
        byte[] whole = Files.readAllBytes(file);
        int start = 8 + (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
        for (int i = start; i < whole.length; i++) {
            byte[] damaged = whole.clone();
            damaged[i] ^= 4;
            Files.write(file, damaged);
            assertThatThrownBy(() -> Safetensors.read(file))
                    .isInstanceOf(ModelFileProblem.class)
                    .hasMessage(
                            file + ": its checksum does not fit its contents; the file is damaged");
        }
    }

    @Test
    void anyCutOffFileIsNoticed() throws IOException {
        sample().write(file);
        byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length < whole.length; length += 5) {
            Files.write(file, java.util.Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> Safetensors.read(file))
                    .isInstanceOf(ModelFileProblem.class)
                    .hasMessageStartingWith(file + ": ");
        }
    }

    @Test
    void falseClaimsOfAHeaderAreNamedInOneLine() throws IOException {
        String good = "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":";
        assertProblem("[]", 0, "not an object");
        assertProblem("{\"a\":", 0, "not valid JSON");
        assertProblem("{} x", 0, "not valid JSON");
        assertProblem("{\"a\":{" + good + "[0,8]},\"a\":{" + good + "[0,8]}}", 8, "Duplicate");
        assertProblem("{\"__metadata__\":{\"k\":1}}", 0, "__metadata__.k in its header");
        assertProblem("{\"__metadata__\":[]}", 0, "__metadata__ in its header is not an object");
        assertProblem("{\"a\":{" + good + "[0,8]}}", 4, "claims bytes 0 to 8 of 4");
        assertProblem("{\"a\":{" + good + "[8,0]}}", 8, "claims bytes 8 to 0");
        assertProblem("{\"a\":{" + good + "[-8,0]}}", 8, "not two numbers");
        assertProblem("{\"a\":{" + good + "[0]}}", 8, "not two numbers");
        assertProblem("{\"a\":{" + good + "[0,99999999999999999999]}}", 8, "not two numbers");
        assertProblem("{\"a\":{" + good + "[0,4]}}", 4, "F32[2] takes 8 bytes, it claims 4");
        assertProblem(
                "{\"a\":{" + good + "[0,8]},\"b\":{" + good + "[4,12]}}", 12, "neither overlap");
        assertProblem("{\"a\":{" + good + "[4,12]}}", 12, "nor leave gaps");
        assertProblem("{\"a\":{" + good + "[0,8]}}", 12, "end at byte 8, its numbers at 12");
        assertProblem("{\"a\":1}", 0, "its dtype is ''");
        assertProblem("{\"a\":{\"dtype\":\"F8\",\"shape\":[],\"data_offsets\":[0,1]}}", 1, "'F8'");
        assertProblem(
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,1]}}",
                1,
                "its shape is not a list of lengths");
        assertProblem(
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[65536,65536],\"data_offsets\":[0,0]}}",
                0,
                "more than 2^31");
    }

    @Test
    void impossibleHeaderLengthsAreNamed() throws IOException {
        for (long length : new long[] {-1, 100_000_001, Long.MAX_VALUE}) {
            Files.write(file, lengthAnd(length, new byte[16]));
            assertThatThrownBy(() -> Safetensors.read(file)).hasMessageContaining("no safetensors");
        }
        Files.write(file, lengthAnd(17, new byte[16]));
        assertThatThrownBy(() -> Safetensors.read(file)).hasMessageContaining("was cut off");
    }

    @Test
    void halfPrecisionIsReadAsFloats() {
        byte[] halves = {0, 0x3c, 0, (byte) 0xc0};
        TensorData half =
                new TensorData(TensorData.Type.F16, Shape.of(2), MemorySegment.ofArray(halves));
        assertThat(half.floats()).containsExactly(1, -2);
        byte[] brains = {(byte) 0x80, 0x3f, 0x49, (byte) 0xc0};
        TensorData brain =
                new TensorData(TensorData.Type.BF16, Shape.of(2), MemorySegment.ofArray(brains));
        assertThat(brain.doubles()).containsExactly(1, -3.140625);
        assertThatThrownBy(half::longs).isInstanceOf(IllegalStateException.class);
    }

    private void assertProblem(String header, int dataBytes, String message) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        byte[] rest = java.util.Arrays.copyOf(json, json.length + dataBytes);
        Files.write(file, lengthAnd(json.length, rest));
        assertThatThrownBy(() -> Safetensors.read(file))
                .as(header)
                .isInstanceOf(ModelFileProblem.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(message)
                .message()
                .doesNotContain("\n");
    }

    private static byte[] lengthAnd(long length, byte[] rest) {
        ByteBuffer bytes = ByteBuffer.allocate(8 + rest.length).order(ByteOrder.LITTLE_ENDIAN);
        return bytes.putLong(length).put(rest).array();
    }
}
