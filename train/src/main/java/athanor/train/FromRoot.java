package athanor.train;

import athanor.engine.Backend;
import athanor.engine.Communicator;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// What rank 0 finds out or reads, for all ranks: only its disk need hold the run folder and the
/// files that a training starts from.
public record FromRoot(Communicator ranks) {
    private static final int PIECE = 1 << 26;

    /// Its text, however long.
    String text(Supplier<String> ofRoot) {
        if (ranks.size() == 1) {
            return ofRoot.get();
        }
        byte[] own = ranks.isRoot() ? ofRoot.get().getBytes(StandardCharsets.UTF_8) : new byte[0];
        return new String(bytes(own), StandardCharsets.UTF_8);
    }

    /// The settings of a training as rank 0 has them, but for those that belong to a machine.
    public Settings settings(Supplier<Settings> ofRoot, Map<Setting, String> ofMachine) {
        if (ranks.size() == 1) {
            return ofRoot.get();
        }
        return Settings.ofMap(Json.map(text(() -> Json.text(ofRoot.get().asMap()))))
                .with(ofMachine);
    }

    /// A file that holds what rank 0's holds, if it has one: elsewhere a temporary one.
    Optional<Path> file(Supplier<Optional<Path>> ofRoot) {
        if (ranks.size() == 1) {
            return ofRoot.get();
        }
        Optional<Path> own = ranks.isRoot() ? ofRoot.get() : Optional.empty();
        try {
            double size = ranks.sum(own.isPresent() ? 1 + Files.size(own.get()) : 0)[0] - 1;
            if (size < 0) {
                return Optional.empty();
            }
            return own.isPresent() ? send(own.get(), (long) size) : receive((long) size);
        } catch (IOException e) {
            throw new TrainingProblem(own.map(p -> p + ": ").orElse("") + e, e);
        }
    }

    private Optional<Path> send(Path file, long size) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            for (long at = 0; at < size; at += PIECE) {
                piece(in.readNBytes((int) Math.min(PIECE, size - at)));
            }
        }
        return Optional.of(file);
    }

    private Optional<Path> receive(long size) throws IOException {
        Path file = Files.createTempFile("athanor-", ".safetensors");
        file.toFile().deleteOnExit();
        try (OutputStream out = Files.newOutputStream(file)) {
            for (long at = 0; at < size; at += PIECE) {
                out.write(piece(new byte[(int) Math.min(PIECE, size - at)]));
            }
        }
        return Optional.of(file);
    }

    private byte[] bytes(byte[] own) {
        int length = (int) ranks.sum(own.length)[0];
        return length == 0 ? own : piece(Arrays.copyOf(own, length));
    }

    private byte[] piece(byte[] values) {
        Tensor bytes = Tensor.of(Backend.cpu(), Shape.of(values.length), HostBuffer.of(values));
        ranks.broadcast(List.of(bytes)).await();
        return ((HostBuffer) bytes.buffer()).bytes();
    }
}
