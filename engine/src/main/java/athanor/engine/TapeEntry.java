package athanor.engine;

import java.util.List;

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

    @Override
    public String toString() {
        return operation + shape;
    }
}
