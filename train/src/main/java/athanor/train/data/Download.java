package athanor.train.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;

/// Brings a file of a data set into a folder. It grows as NAME.part, goes on where an earlier try
/// stopped, and gets its name only when its size and its SHA-256 are right.
public final class Download {
    /// Told how far a file is: bytes so far, and in all (-1 where the server does not say).
    @FunctionalInterface
    public interface Progress {
        void received(String file, long bytes, long total);
    }

    private Download() {}

    /// Returns the file; one that is there with the right checksum is left as it is.
    static Path fetch(RemoteFile file, Path dataDir, Progress progress) {
        Path folder = dataDir.resolve(file.subfolder());
        Path target = folder.resolve(file.name());
        Path part = folder.resolve(file.name() + ".part");
        try {
            Files.createDirectories(folder);
            if (Files.exists(target)) {
                Optional<String> wrong = wrong(target, file);
                if (wrong.isEmpty()) {
                    return target;
                }
                throw new DataProblem(
                        target,
                        "not the official file (" + wrong.get() + ")",
                        "move it away and fetch again");
            }
            receive(file, part, progress);
            Optional<String> wrong = wrong(part, file);
            if (wrong.isPresent()) {
                Files.delete(part);
                throw new DataProblem(
                        file.address(),
                        "what arrived has " + wrong.get() + ", and was deleted",
                        "fetch again, or put the file into " + folder + " by other means");
            }
            return Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new DataProblem(
                    file.address(),
                    "could not be fetched (" + e + ")",
                    "run the same command again and it goes on where it stopped, or put the file into "
                            + folder,
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DataProblem(
                    file.address(), "interrupted", "run the same command again to go on", e);
        }
    }

    private static void receive(RemoteFile file, Path part, Progress progress)
            throws IOException, InterruptedException {
        long present = Files.exists(part) ? Files.size(part) : 0;
        HttpRequest.Builder request = HttpRequest.newBuilder(file.address());
        if (present > 0) {
            request.header("Range", "bytes=" + present + "-");
        }
        try (HttpClient client =
                HttpClient.newBuilder()
                        .followRedirects(HttpClient.Redirect.NORMAL)
                        .connectTimeout(Duration.ofSeconds(30))
                        .build()) {
            HttpResponse<InputStream> response =
                    client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            try (InputStream body = response.body()) {
                boolean resumed = response.statusCode() == 206;
                // 416: nothing lies behind what is there; the checksum decides.
                if (response.statusCode() == 416) {
                    return;
                }
                if (response.statusCode() != 200 && !resumed) {
                    throw new IOException("the server answered " + response.statusCode());
                }
                long received = resumed ? present : 0;
                long total =
                        received
                                + response.headers()
                                        .firstValueAsLong("Content-Length")
                                        .orElse(-1 - received);
                try (OutputStream out =
                        Files.newOutputStream(
                                part,
                                StandardOpenOption.CREATE,
                                resumed
                                        ? StandardOpenOption.APPEND
                                        : StandardOpenOption.TRUNCATE_EXISTING,
                                StandardOpenOption.WRITE)) {
                    byte[] buffer = new byte[1 << 16];
                    for (int read = body.read(buffer); read >= 0; read = body.read(buffer)) {
                        out.write(buffer, 0, read);
                        received += read;
                        if (received > file.size()) {
                            return; // Whatever comes, it is not the file.
                        }
                        progress.received(file.name(), received, total);
                    }
                }
            }
        }
    }

    /// What of a file is not as it should be.
    private static Optional<String> wrong(Path path, RemoteFile file) throws IOException {
        long size = Files.size(path);
        if (size != file.size()) {
            return Optional.of("%,d bytes, not %,d".formatted(size, file.size()));
        }
        String sha256 = sha256(path);
        return sha256.equals(file.sha256())
                ? Optional.empty()
                : Optional.of("SHA-256 " + sha256 + ", not " + file.sha256());
    }

    private static String sha256(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 16];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
