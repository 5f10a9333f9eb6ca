package athanor.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// How operations enter the graph. An operation states calculus only: for each input an [#edge]
/// with a rule from the gradient of the result to that of the input, and the tensors that the rule
/// reads, which alone stay alive. A rule returns a new tensor, or dy itself; it may have any shape
/// that the input's stretches to, the walk sums it.
///
/// ```
/// // y = a b. da = dy b, db = dy a.
/// Tape.record("mul", y, Tape.edge(a, dy -> dy.mul(b), b), Tape.edge(b, dy -> dy.mul(a), a));
/// ```
public final class Tape {
    /// The gradients of all inputs at once, for operations whose gradients share work.
    @FunctionalInterface
    public interface JointRule {
        List<Tensor> apply(Tensor dy);
    }

    /// The gradient of an input, added to the sum of those that arrived before, in its shape.
    @FunctionalInterface
    public interface AddingRule {
        void add(Tensor dy, Tensor sum);
    }

    private Tape() {}

    /// The number that the next operation gets; see [TapeEntry#number].
    public static long position() {
        return Node.position();
    }

    /// The way back to x. The tensors that the rule uses are named behind it.
    public static Edge edge(Tensor x, UnaryOperator<Tensor> rule, Tensor... saved) {
        return edge(x, rule, Optional.empty(), List.of(saved));
    }

    /// The same, where the gradient can be added to others in fewer passes over memory.
    public static Edge edge(
            Tensor x, UnaryOperator<Tensor> rule, AddingRule addingRule, Tensor... saved) {
        return edge(x, rule, Optional.of(addingRule), List.of(saved));
    }

    private static Edge edge(
            Tensor x,
            UnaryOperator<Tensor> rule,
            Optional<AddingRule> addingRule,
            List<Tensor> saved) {
        return isRecording(x) ? new Edge(x.node(), rule, addingRule, saved) : Edge.NONE;
    }

    /// Where a rule writes a gradient in the shape of x, which it need not read again: over x if
    /// nothing else needs it (x is dy, or was saved for this rule alone), else to new memory.
    public static Tensor over(Tensor x) {
        return x.storage().isExclusive() ? x.alias() : x.emptyLike(x.shape());
    }

    /// Whether a gradient will be wanted for x.
    public static boolean isRecording(Tensor x) {
        return GradMode.isEnabled() && x.requiresGradient();
    }

    /// Ties the result to its inputs; returns it.
    public static Tensor record(String operation, Tensor y, Edge... edges) {
        List<Tensor> saved = new ArrayList<>();
        boolean leadsSomewhere = false;
        for (Edge edge : edges) {
            leadsSomewhere |= edge.leadsSomewhere();
            saved.addAll(edge.saved());
        }
        if (leadsSomewhere) {
            y.node(new Node(operation, y.shape(), List.of(edges), null, saved));
        }
        return y;
    }

    /// Ties the result to its inputs by one rule that yields all gradients, in the order of the
    /// inputs.
    public static Tensor record(
            String operation, Tensor y, List<Tensor> inputs, JointRule rule, Tensor... saved) {
        List<Edge> edges = new ArrayList<>();
        boolean leadsSomewhere = false;
        for (Tensor input : inputs) {
            Edge edge = edge(input, UnaryOperator.identity());
            leadsSomewhere |= edge.leadsSomewhere();
            edges.add(edge);
        }
        if (leadsSomewhere) {
            y.node(new Node(operation, y.shape(), edges, rule, List.of(saved)));
        }
        return y;
    }
}
