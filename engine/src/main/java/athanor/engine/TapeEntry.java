package athanor.engine;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;

/// One operation of a graph, for those who look at it.
///
/// @param number grows with time; see [Tape#position]
/// @param shape of its result
/// @param inputs the numbers of the operations and leaves that want a gradient from it
/// @param saved what its rule keeps alive for the backward pass
public record TapeEntry(
        long number, String operation, Shape shape, List<Long> inputs, List<Saved> saved) {
    /// A tensor that is kept. Several may share a storage, which is there once.
    public record Saved(Shape shape, long bytes, Object storage) {}

    /// Whether gradients end here: at a parameter, or an input that one is wanted for.
    public boolean isLeaf() {
        return inputs.isEmpty();
    }

    /// What it computes and what its gradients are: the documentation of its class, whose source
    /// lies in the jar. Empty for a leaf.
    public String formula() {
        String name = Character.toUpperCase(operation.charAt(0)) + operation.substring(1);
        try (InputStream source =
                TapeEntry.class.getResourceAsStream("operation/" + name + ".java")) {
            if (source == null) {
                return "";
            }
            return new String(source.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .dropWhile(line -> !line.startsWith("///"))
                    .takeWhile(line -> line.startsWith("///"))
                    .map(line -> line.substring(3).strip())
                    .collect(Collectors.joining(" "))
                    .strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return operation + shape;
    }
}
