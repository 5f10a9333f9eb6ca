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
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

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

    /// Reads and checks a whole file. Throws [ModelFileProblem] where a claim of it does not hold.
    public static Safetensors read(Path file) {
        if (Files.isDirectory(file)) {
            throw new ModelFileProblem(file, "is a folder, not a model file");
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
                Arena arena = Arena.ofConfined()) {
            long size = channel.size();
            MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
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
                                        TensorData.copyOf(
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

    /// Writes the file whole or not at all: to a file beside it, which takes its name once all
    /// bytes are on the disk.
    public void write(Path file) {
        Path target = file.toAbsolutePath();
        Path part = target.resolveSibling(target.getFileName() + "." + UUID.randomUUID() + ".part");
        try {
            try (FileChannel channel =
                    FileChannel.open(
                            part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                writeTo(channel);
                channel.force(true);
            }
            Files.move(
                    part,
                    target,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
            forceFolder(target);
        } catch (IOException e) {
            discard(part, e);
            String problem =
                    "cannot be written (" + e.getMessage() + "); make room or choose another place";
            throw new ModelFileProblem(file, problem, e);
        }
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
        writeFully(channel, length.putLong(header.length).flip());
        writeFully(channel, ByteBuffer.wrap(header));
        byte[] chunk = new byte[1 << 20];
        for (Map.Entry<String, TensorData> entry : order) {
            MemorySegment bytes = entry.getValue().bytes();
            for (long done = 0; done < bytes.byteSize(); done += chunk.length) {
                int count = (int) Math.min(chunk.length, bytes.byteSize() - done);
                MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, done, chunk, 0, count);
                writeFully(channel, ByteBuffer.wrap(chunk, 0, count));
            }
        }
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /// Makes the new name as lasting as the bytes, where the system can do that.
    private static void forceFolder(Path target) {
        Path folder = target.resolveSibling(".");
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            // Windows opens no folders; the file itself is whole.
            return;
        }
    }

    private static void discard(Path part, IOException cause) {
        try {
            Files.deleteIfExists(part);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }
}
