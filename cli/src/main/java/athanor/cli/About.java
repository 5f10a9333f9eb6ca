package athanor.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.IVersionProvider;

/// What program this is: what a run folder says of it, so that the run can be repeated.
final class About implements IVersionProvider {
    @Override
    public String[] getVersion() {
        return new String[] {version()};
    }

    /// How the program was called, for hints that can be copied.
    static String command() {
        return System.getProperty("athanor.command", "athanor");
    }

    static String version() {
        return StoredText.of("version.txt").strip();
    }

    /// In a word each: the program and its Java.
    static String versions() {
        return version() + ", Java " + Runtime.version().feature();
    }

    /// Versions, git commit, machine: for config.json.
    static Map<String, Object> program() {
        Map<String, Object> about = new LinkedHashMap<>();
        about.put("athanor_version", version());
        about.put("git_commit", commit(Entry.location()).orElse("unknown"));
        about.put("java_version", Runtime.version().toString());
        about.put("java_vendor", System.getProperty("java.vendor", "unknown"));
        about.put(
                "system",
                "%s %s, %s"
                        .formatted(
                                property("os.name"), property("os.version"), property("os.arch")));
        about.put("processors", Runtime.getRuntime().availableProcessors());
        about.put("heap_bytes", Runtime.getRuntime().maxMemory());
        return about;
    }

    private static String property(String name) {
        return System.getProperty(name, "unknown");
    }

    /// The commit of the sources that a jar in their cli/target was built from, with `-dirty` where
    /// they were changed.
    static Optional<String> commit(Path jar) {
        Path target = jar.getParent();
        Path cli = target == null ? null : target.getParent();
        Path root = cli == null ? null : cli.getParent();
        if (root == null
                || !Files.exists(root.resolve("cli/pom.xml"))
                || !Files.exists(root.resolve(".git"))) {
            return Optional.empty();
        }
        try {
            Process git =
                    new ProcessBuilder(
                                    "git",
                                    "describe",
                                    "--always",
                                    "--dirty",
                                    "--abbrev=40",
                                    "--exclude=*")
                            .directory(root.toFile())
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            String commit =
                    new String(
                            git.getInputStream().readAllBytes(),
                            java.nio.charset.StandardCharsets.UTF_8);
            return git.waitFor() == 0 ? Optional.of(commit.strip()) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty(); // No git here.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
