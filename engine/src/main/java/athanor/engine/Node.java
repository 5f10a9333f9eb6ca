package athanor.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// A place in the graph: a tensor that was computed, or a leaf that gradients are wanted for. It
/// knows the nodes it came from, never their tensors.
final class Node {
    private static final AtomicLong COUNTER = new AtomicLong();

    private final long sequence = COUNTER.getAndIncrement();
    private final String operation;
    private final Shape shape;
    private final List<Edge> edges;
    private Tape.@Nullable JointRule jointRule;
    private List<Tensor> saved;
    private boolean walked;

    Node(
            String operation,
            Shape shape,
            List<Edge> edges,
            Tape.@Nullable JointRule jointRule,
            List<Tensor> saved) {
        this.operation = operation;
        this.shape = shape;
        this.edges = edges;
        this.jointRule = jointRule;
        this.saved = saved;
        for (Tensor tensor : saved) {
            tensor.storage().retain();
        }
    }

    static Node leaf(Shape shape) {
        return new Node("leaf", shape, List.of(), null, List.of());
    }

    static long position() {
        return COUNTER.get();
    }

    /// What can be seen of it from outside.
    TapeEntry entry() {
        List<Long> inputs = new ArrayList<>();
        for (Edge edge : edges) {
            Node input = edge.input();
            if (input != null) {
                inputs.add(input.sequence);
            }
        }
        List<TapeEntry.Saved> kept =
                saved.stream()
                        .map(
                                tensor ->
                                        new TapeEntry.Saved(
                                                tensor.shape(),
                                                (long) tensor.size() * tensor.dtype().bytes(),
                                                tensor.storage()))
                        .toList();
        return new TapeEntry(sequence, operation, shape, inputs, kept);
    }

    boolean isLeaf() {
        return edges.isEmpty();
    }

    /// Grows with time: an operation comes after all that it reads.
    long sequence() {
        return sequence;
    }

    Shape shape() {
        return shape;
    }

    List<Edge> edges() {
        return edges;
    }

    /// The gradient along each edge that leads somewhere, null along the others.
    ///
    /// @param pending what has arrived before at a node; a rule may add to it
    @Nullable Tensor[] apply(Tensor dy, Map<Node, Tensor> pending) {
        if (walked) {
            throw new IllegalStateException(
                    "backward: the graph behind "
                            + operation
                            + " was already walked and its saved tensors are gone; compute the loss anew");
        }
        walked = true;
        @Nullable Tensor[] gradients = new Tensor[edges.size()];
        Tape.JointRule joint = jointRule;
        if (joint != null) {
            List<Tensor> results = joint.apply(dy);
            for (int i = 0; i < gradients.length; i++) {
                gradients[i] = edges.get(i).leadsSomewhere() ? results.get(i) : null;
            }
        } else {
            for (int i = 0; i < gradients.length; i++) {
                Edge edge = edges.get(i);
                Node input = edge.input();
                gradients[i] = input == null ? null : edge.gradient(dy, pending.get(input));
            }
        }
        return gradients;
    }

    /// Lets go of the tensors saved for the rule.
    void releaseSaved() {
        for (Tensor tensor : saved) {
            tensor.storage().release();
        }
        saved = List.of();
        jointRule = null;
    }

    @Override
    public String toString() {
        return operation + shape;
    }
}
