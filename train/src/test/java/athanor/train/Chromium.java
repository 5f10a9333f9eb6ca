package athanor.train;

import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// A real browser without a window, where there is one.
final class Chromium {
    private static final List<String> NAMES =
            List.of("chromium", "chromium-browser", "google-chrome");

    private Chromium() {}

    /// What a page is like after that many seconds of its own clock, as HTML. Its own folder keeps
    /// what the browser wants to remember.
    static String html(URI page, int seconds, Path folder) throws IOException {
        Optional<Path> browser = find();
        assumeThat(browser).as("a browser on the path: " + NAMES).isPresent();
        List<String> command = new ArrayList<>(List.of(browser.orElseThrow().toString()));
        command.addAll(
                List.of(
                        "--headless",
                        "--no-sandbox", // As root, it runs without one alone; the page is ours.
                        "--disable-gpu",
                        "--user-data-dir=" + folder.resolve("browser"),
                        "--window-size=1280,2000",
                        "--virtual-time-budget=" + 1000 * seconds,
                        "--dump-dom",
                        page.toString()));
        Process process =
                new ProcessBuilder(command)
                        .redirectError(folder.resolve("browser.log").toFile())
                        .start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static Optional<Path> find() {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /// How often a text is found.
    static int count(String html, String text) {
        return html.split(java.util.regex.Pattern.quote(text), -1).length - 1;
    }
}
