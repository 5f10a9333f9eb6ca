package athanor.nn.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A model file in the safetensors format of Hugging Face: eight bytes that hold the length of the
/// header, the header (JSON: each tensor's type, shape and place, and texts under `__metadata__`),
/// the numbers. Ours carry a [Checksum] among the texts; reading checks it where there is one.
///
/// @param metadata texts, without the checksum
/// @param tensors by name, in the header's order
public record Safetensors(Map<String, String> metadata, Map<String, TensorData> tensors) {
    static final String CHECKSUM = "athanor.checksum";

    public Safetensors {
        metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
        tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    }

    /// Reads and checks a whole file; the tensors stay in the file, mapped into memory. Throws
    /// [ModelFileProblem] where a claim of it does not hold.
    public static Safetensors read(Path file) {
        if (Files.isDirectory(file)) {
            throw new ModelFileProblem(file, "is a folder, not a model file");
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MemorySegment all =
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
            return parse(file, all);
        } catch (NoSuchFileException e) {
            throw new ModelFileProblem(file, "there is no such file", e);
        } catch (IOException e) {
            throw new ModelFileProblem(file, "cannot be read: " + e.getMessage(), e);
        }
    }

    private static Safetensors parse(Path file, MemorySegment all) {
        SafetensorsHeader header = SafetensorsHeader.parse(file, all);
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        MemorySegment data = all.asSlice(header.dataStart());
        header.entries()
                .forEach(
                        (name, entry) ->
                                tensors.put(
                                        name,
                                        new TensorData(
                                                entry.type(),
                                                entry.shape(),
                                                data.asSlice(
                                                        entry.begin(),
                                                        entry.end() - entry.begin()))));
        Map<String, String> metadata = new LinkedHashMap<>(header.metadata());
        String claimed = metadata.remove(CHECKSUM);
        Safetensors contents = new Safetensors(metadata, tensors);
        // Ours always has one; where it is missing, a bit of its name has changed.
        boolean ours = metadata.keySet().stream().anyMatch(key -> key.startsWith("athanor."));
        if ((claimed == null && ours)
                || (claimed != null && !claimed.equals(Checksum.of(contents)))) {
            throw new ModelFileProblem(
                    file, "its checksum does not fit its contents; the file is damaged");
        }
        return contents;
    }

    /// Writes the file whole or not at all.
    public void write(Path file) {
        WholeFile.write(file, this::writeTo);
    }

    private void writeTo(FileChannel channel) throws IOException {
        Map<String, String> texts = new LinkedHashMap<>(metadata);
        texts.put(CHECKSUM, Checksum.of(this));
        // Larger elements come first, so that all are aligned.
        List<Map.Entry<String, TensorData>> order =
                tensors.entrySet().stream()
                        .sorted(Comparator.comparingInt(entry -> -entry.getValue().type().bytes()))
                        .toList();
        byte[] header = SafetensorsHeader.format(texts, order);
        ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        WholeFile.writeFully(channel, length.putLong(header.length).flip());
        WholeFile.writeFully(channel, ByteBuffer.wrap(header));
        byte[] chunk = new byte[1 << 20];
        for (Map.Entry<String, TensorData> entry : order) {
            MemorySegment bytes = entry.getValue().bytes();
            for (long done = 0; done < bytes.byteSize(); done += chunk.length) {
                int count = (int) Math.min(chunk.length, bytes.byteSize() - done);
                MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, done, chunk, 0, count);
                WholeFile.writeFully(channel, ByteBuffer.wrap(chunk, 0, count));
            }
        }
    }
}
