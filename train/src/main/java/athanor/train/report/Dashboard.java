package athanor.train.report;

import athanor.train.TrainingEvent;
import athanor.train.TrainingProblem;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// Serves a page that shows runs while they train. It reads their folders, and of a training in
/// this process hears its events. Nothing can be changed through it, and no other file can be read.
public final class Dashboard implements TrainingEvent.Listener, AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> LOCAL = List.of("localhost", "127.0.0.1", "[::1]");
    private static final String POLICY =
            "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline';"
                    + " img-src data:; connect-src 'self'";

    private final HttpServer server;
    private final ExecutorService threads;
    private final Live live = new Live();
    private volatile List<Path> folders;
    private volatile Optional<Path> own = Optional.empty();

    private Dashboard(HttpServer server, List<Path> folders) {
        this.server = server;
        this.folders = folders;
        threads = Executors.newFixedThreadPool(2, Thread.ofPlatform().daemon().factory());
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
    }

    /// Starts to serve.
    ///
    /// @param folders run folders, or folders of them; what comes into them later is shown, too
    public static Dashboard serve(InetSocketAddress address, List<Path> folders) {
        folders.forEach(RunData::runsIn);
        try {
            return new Dashboard(HttpServer.create(address, 0), folders);
        } catch (IOException e) {
            throw new TrainingProblem(
                    "--dashboard: %s cannot be served on (%s); choose another port, or 0 for any that is free"
                            .formatted(address, e.getMessage()),
                    e);
        }
    }

    /// Where it can be seen.
    public URI address() {
        InetSocketAddress bound = server.getAddress();
        String host =
                bound.getAddress().isLoopbackAddress() || bound.getAddress().isAnyLocalAddress()
                        ? "localhost"
                        : bound.getHostString();
        return URI.create("http://" + host + ":" + bound.getPort() + "/");
    }

    /// Shows the run that trains in this process.
    public void show(Path folder) {
        own = Optional.of(folder);
        folders = List.of(folder);
    }

    @Override
    public void on(TrainingEvent event) {
        live.on(event);
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    /// The runs that are there now, by a name that tells them apart.
    private Map<String, Path> runs() {
        Map<String, Path> runs = new LinkedHashMap<>();
        for (Path folder : folders) {
            for (Path run : RunData.runsIn(folder)) {
                String name = Report.name(run);
                runs.put(runs.containsKey(name) ? run.toString() : name, run);
            }
        }
        return runs;
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            if (!isWelcome(exchange)) {
                send(exchange, 403, "text/plain", "this page is for localhost alone");
            } else if (!exchange.getRequestMethod().equals("GET")) {
                send(exchange, 405, "text/plain", "there is nothing to change here");
            } else if (path.equals("/")) {
                send(exchange, 200, "text/html", Page.live());
            } else if (path.equals("/runs.json")) {
                send(exchange, 200, "application/json", list().toString());
            } else if (path.equals("/run.json")) {
                run(exchange);
            } else {
                send(exchange, 404, "text/plain", "there is no such page");
            }
        } catch (TrainingProblem e) {
            send(exchange, 404, "text/plain", String.valueOf(e.getMessage()));
        }
    }

    /// Another site's page must not read this one under a name that it has given to this machine.
    private static boolean isWelcome(HttpExchange exchange) {
        String host = Optional.ofNullable(exchange.getRequestHeaders().getFirst("Host")).orElse("");
        return !exchange.getLocalAddress().getAddress().isLoopbackAddress()
                || LOCAL.contains(host.replaceFirst(":\\d+$", ""));
    }

    private JsonNode list() {
        ArrayNode list = JSON.createArrayNode();
        runs().forEach(
                        (name, folder) -> {
                            ObjectNode run = list.addObject();
                            run.put("name", name).put("stamp", RunData.stamp(folder));
                            own.filter(folder::equals)
                                    .ifPresent(_ -> run.set("live", live.toJson()));
                        });
        return list;
    }

    private void run(HttpExchange exchange) throws IOException {
        String query = Optional.ofNullable(exchange.getRequestURI().getRawQuery()).orElse("");
        String name = URLDecoder.decode(query.replaceFirst("^run=", ""), StandardCharsets.UTF_8);
        Path folder = runs().get(name);
        if (folder == null) {
            send(exchange, 404, "text/plain", "there is no such run");
        } else {
            String run = RunData.read(name, folder).toJson().toString();
            send(exchange, 200, "application/json", run);
        }
    }

    private static void send(HttpExchange exchange, int code, String type, String text)
            throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        Headers headers = exchange.getResponseHeaders();
        headers.set("Content-Type", type + "; charset=utf-8");
        headers.set("Cache-Control", "no-store");
        headers.set("Content-Security-Policy", POLICY);
        headers.set("X-Content-Type-Options", "nosniff");
        exchange.sendResponseHeaders(code, bytes.length);
        exchange.getResponseBody().write(bytes);
    }
}
