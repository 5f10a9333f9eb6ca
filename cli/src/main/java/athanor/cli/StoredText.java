package athanor.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Text files that lie in the jar.
final class StoredText {
    private StoredText() {}

    /// A file that is part of the program.
    static String of(String path) {
        return find(path)
                .orElseThrow(
                        () ->
                                new IllegalStateException(
                                        "the jar lacks " + path + "; build it anew"));
    }

    static Optional<String> find(String path) {
        try (InputStream in = StoredText.class.getResourceAsStream(path)) {
            return in == null
                    ? Optional.empty()
                    : Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The lines that say something: no empty ones, no comments.
    static List<String> linesOf(String path) {
        List<String> lines = new ArrayList<>();
        for (String line : of(path).split("\n")) {
            if (!line.isBlank() && !line.startsWith("#")) {
                lines.add(line.strip());
            }
        }
        return lines;
    }
}
