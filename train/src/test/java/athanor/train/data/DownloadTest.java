package athanor.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DownloadTest {
    private static final byte[] CONTENT = new byte[300_000];

    static {
        new Random(5).nextBytes(CONTENT);
    }

    @TempDir Path folder;
    private HttpServer server;
    private boolean ranges = true;
    private int sentAtMost = Integer.MAX_VALUE;
    private final List<String> asked = new ArrayList<>();

    DownloadTest() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    }

    @BeforeEach
    void start() {
        server.createContext("/data/file.gz", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String range = exchange.getRequestHeaders().getFirst("Range");
        asked.add(range == null ? "all" : range);
        int from = range != null && ranges ? Integer.parseInt(range.replaceAll("\\D", "")) : 0;
        if (from >= CONTENT.length) {
            exchange.sendResponseHeaders(416, -1);
        } else {
            exchange.sendResponseHeaders(
                    range != null && ranges ? 206 : 200, CONTENT.length - from);
            int length = Math.min(sentAtMost, CONTENT.length - from);
            exchange.getResponseBody().write(CONTENT, from, length);
            exchange.getResponseBody().flush();
        }
        exchange.close();
    }

    private RemoteFile file(String path, String sha256) {
        return new RemoteFile(
                URI.create("http://127.0.0.1:" + server.getAddress().getPort() + path),
                CONTENT.length,
                sha256,
                "sub");
    }

    private static String sha256() {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(CONTENT));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private Path fetch(RemoteFile file) {
        return Download.fetch(file, folder, (name, bytes, total) -> {});
    }

    @Test
    void aFileArrivesWholeAndIsNotFetchedTwice() throws IOException {
        List<Long> received = new ArrayList<>();
        Path fetched =
                Download.fetch(
                        file("/data/file.gz", sha256()),
                        folder,
                        (name, bytes, total) -> {
                            assertThat(name).isEqualTo("file.gz");
                            assertThat(total).isEqualTo(CONTENT.length);
                            received.add(bytes);
                        });
        assertThat(fetched).isEqualTo(folder.resolve("sub/file.gz"));
        assertThat(Files.readAllBytes(fetched)).isEqualTo(CONTENT);
        assertThat(received).isSorted().endsWith((long) CONTENT.length);
        assertThat(folder.resolve("sub")).isDirectoryNotContaining("glob:**.part");
        fetch(file("/data/file.gz", sha256()));
        assertThat(asked).containsExactly("all");
    }

    @Test
    void aFetchThatStoppedGoesOnWhereItStopped() throws IOException {
        sentAtMost = 100_000;
        assertThatThrownBy(() -> fetch(file("/data/file.gz", sha256())))
                .isInstanceOf(DataProblem.class)
                .hasMessageContaining("goes on where it stopped");
        long present = Files.size(folder.resolve("sub/file.gz.part"));
        assertThat(present).isPositive().isLessThanOrEqualTo(100_000);
        sentAtMost = Integer.MAX_VALUE;
        assertThat(Files.readAllBytes(fetch(file("/data/file.gz", sha256())))).isEqualTo(CONTENT);
        assertThat(asked).containsExactly("all", "bytes=" + present + "-");
    }

    @Test
    void aServerWithoutRangesSendsAllAndThePartIsOverwritten() throws IOException {
        ranges = false;
        Files.createDirectories(folder.resolve("sub"));
        Files.write(folder.resolve("sub/file.gz.part"), new byte[1000]);
        assertThat(Files.readAllBytes(fetch(file("/data/file.gz", sha256())))).isEqualTo(CONTENT);
    }

    @Test
    void aPartThatIsWholeNeedsNothingMore() throws IOException {
        Files.createDirectories(folder.resolve("sub"));
        Files.write(folder.resolve("sub/file.gz.part"), CONTENT);
        assertThat(Files.readAllBytes(fetch(file("/data/file.gz", sha256())))).isEqualTo(CONTENT);
    }

    @Test
    void aWrongChecksumIsAnErrorAndLeavesNoFile() {
        String other = "0".repeat(64);
        assertThatThrownBy(() -> fetch(file("/data/file.gz", other)))
                .isInstanceOf(DataProblem.class)
                .hasMessageContaining("has SHA-256 " + sha256() + ", not " + other);
        assertThat(folder.resolve("sub")).isEmptyDirectory();
    }

    @Test
    void anotherFileOfThatNameIsLeftAlone() throws IOException {
        Path target = Files.createDirectories(folder.resolve("sub")).resolve("file.gz");
        Files.write(target, Arrays.copyOf(CONTENT, 10));
        assertThatThrownBy(() -> fetch(file("/data/file.gz", sha256())))
                .isInstanceOf(DataProblem.class)
                .hasMessageContaining(target + ": not the official file");
        assertThat(target).hasSize(10);
        assertThat(asked).isEmpty();
    }

    @Test
    void aRefusalOfTheServerIsNamed() {
        assertThatThrownBy(() -> fetch(file("/nothing", sha256())))
                .isInstanceOf(DataProblem.class)
                .hasMessageContaining("the server answered 404");
    }

    @Test
    void aServerThatSendsMoreThanTheFileIsLeftOff() {
        RemoteFile smaller =
                new RemoteFile(file("/data/file.gz", sha256()).address(), 1000, sha256(), "sub");
        assertThatThrownBy(() -> fetch(smaller))
                .isInstanceOf(DataProblem.class)
                .hasMessageContaining("bytes, not 1,000, and was deleted");
        assertThat(folder.resolve("sub")).isEmptyDirectory();
    }
}
