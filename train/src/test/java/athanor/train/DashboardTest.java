package athanor.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import athanor.train.report.Dashboard;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DashboardTest {
    @TempDir Path folder = Path.of("");

    private Path run(String name, int epochs) throws IOException {
        Path run = Files.createDirectories(folder.resolve("runs").resolve(name));
        Files.writeString(
                run.resolve("config.json"),
                "{\"model\":\"cnn\",\"data\":\"mnist\",\"epochs\":\"9\",\"batch-size\":\"64\"}");
        for (int epoch = 1; epoch <= epochs; epoch++) {
            add(run, epoch);
        }
        return run;
    }

    private static void add(Path run, int epoch) throws IOException {
        Files.writeString(
                run.resolve("metrics.jsonl"),
                ("{\"epoch\":%d,\"step\":%d,\"lr\":0.1,\"train_loss\":1.5,\"train_acc1\":40.0,\"test_loss\":1.25,"
                                + "\"test_acc1\":%d.5,\"test_acc5\":90.0,\"images_per_s\":100.0,\"seconds\":2.0,\"peak_memory_bytes\":1000000}%n")
                        .formatted(epoch, 10 * epoch, 50 + epoch),
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
    }

    private static Dashboard serve(Path... runs) {
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        return Dashboard.serve(any, List.of(runs));
    }

    private static HttpResponse<String> get(URI address) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                    HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString());
        }
    }

    private static JsonNode json(URI address) throws Exception {
        return new ObjectMapper().readTree(get(address).body());
    }

    @Test
    void itServesThePageAndTheRunsOfAFolderAlsoThoseThatComeLater() throws Exception {
        run("first", 2);
        try (Dashboard dashboard = serve(folder.resolve("runs"))) {
            URI at = dashboard.address();
            assertThat(at.getHost()).isEqualTo("localhost");
            HttpResponse<String> page = get(at);
            assertThat(page.body()).contains("<script").doesNotContainPattern("(src|href)\\s*=");
            assertThat(page.headers().firstValue("Content-Security-Policy").orElse(""))
                    .contains("default-src 'none'");

            JsonNode before = json(at.resolve("runs.json"));
            assertThat(before.findValuesAsText("name")).containsExactly("first");
            run("second", 1);
            add(folder.resolve("runs/first"), 3);
            JsonNode after = json(at.resolve("runs.json"));
            assertThat(after.findValuesAsText("name")).containsExactly("first", "second");
            assertThat(after.get(0).get("stamp")).isNotEqualTo(before.get(0).get("stamp"));
            assertThat(json(at.resolve("run.json?run=first")).path("epochs")).hasSize(3);
        }
    }

    @Test
    void nothingElseIsServed() throws Exception {
        run("first", 1);
        Files.writeString(folder.resolve("secret"), "secret");
        try (Dashboard dashboard = serve(folder.resolve("runs"))) {
            URI at = dashboard.address();
            for (String path :
                    List.of(
                            "first/config.json",
                            "../secret",
                            "run.json?run=..%2F..%2Fsecret",
                            "run.json?run=nowhere",
                            "run.json")) {
                assertThat(get(at.resolve(path)).statusCode()).as(path).isEqualTo(404);
            }
            assertThat(raw(at, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0"))
                    .contains(" 405 ");
            assertThat(raw(at, "GET /runs.json HTTP/1.1\r\nHost: elsewhere.example"))
                    .contains(" 403 ")
                    .doesNotContain("first");
        }
    }

    /// The first bytes of an answer.
    private static String raw(URI at, String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), at.getPort())) {
            socket.getOutputStream()
                    .write(
                            (request + "\r\nConnection: close\r\n\r\n")
                                    .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void aTrainingInThisProcessTellsWhereItStands() throws Exception {
        Path run = run("own", 0);
        try (Dashboard dashboard = serve()) {
            dashboard.show(run);
            dashboard.on(new TrainingEvent.Started(0, 9, 0, 10));
            dashboard.on(new TrainingEvent.StepFinished(1, 1, 3, 0.1, 8, 2, 0.5));
            dashboard.on(new TrainingEvent.StepFinished(1, 2, 1, 0.1, 8, 6, 0.5));

            JsonNode live = json(dashboard.address().resolve("runs.json")).path(0).path("live");
            assertThat(live.path("loss").asDouble()).isEqualTo(2);
            assertThat(live.path("accuracy").asDouble()).isEqualTo(50);
            assertThat(live.path("imagesPerSecond").asDouble()).isEqualTo(16);
            assertThat(live.path("secondsLeft").asDouble()).isEqualTo(44);
            assertThat(live.path("running").asBoolean()).isTrue();
        }
    }

    @Test
    void aPortThatIsTakenIsNamedWithTheWayOut() throws Exception {
        try (Dashboard first = serve()) {
            InetSocketAddress taken =
                    new InetSocketAddress(
                            InetAddress.getLoopbackAddress(), first.address().getPort());
            assertThatThrownBy(() -> Dashboard.serve(taken, List.of()))
                    .isInstanceOf(TrainingProblem.class)
                    .hasMessageContaining("choose another port");
        }
    }

    /// While the page is open in the browser, epochs come in.
    @Test
    void inABrowserCurvesAndNumbersFollowTheRun() throws Exception {
        Path run = run("growing", 1);
        run("other", 9);
        try (Dashboard dashboard = serve(folder.resolve("runs"))) {
            Thread trainer =
                    Thread.ofPlatform()
                            .daemon()
                            .start(
                                    () -> {
                                        try {
                                            for (int epoch = 2; epoch <= 400; epoch++) {
                                                Thread.sleep(100);
                                                add(run, epoch);
                                            }
                                        } catch (IOException | InterruptedException e) {
                                            Thread.currentThread().interrupt();
                                        }
                                    });
            String html;
            try {
                html = Chromium.html(dashboard.address(), 20, folder);
            } finally {
                trainer.interrupt();
                trainer.join();
            }

            assertThat(html).contains("<title>2 runs – Athanor</title>");
            assertThat(Chromium.count(html, "<canvas")).isGreaterThanOrEqualTo(4);
            assertThat(html).contains("data-run=\"growing\"", "data-run=\"other\"", "59.50 %");
            Matcher drawn = Pattern.compile("data-drawn=\"(\\d+)\"").matcher(html);
            assertThat(drawn.find()).isTrue();
            assertThat(Integer.parseInt(drawn.group(1))).as("drawn anew").isGreaterThan(1);
        }
    }
}
