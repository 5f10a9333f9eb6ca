package athanor.engine;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// The gradients of one backward pass, by leaf. They belong to the workspace in which
/// [Tensor#backward] was called.
public final class Gradients {
    /// Hears of a leaf's gradient as soon as it is final, while the walk goes on.
    @FunctionalInterface
    public interface Listener {
        void onGradient(Leaf leaf, Tensor gradient);

        /// The rules of the operation of that number ([TapeEntry#number]) have been applied.
        default void onVisit(long number) {}
    }

    /// What a gradient is for; equal for all handles of the same leaf tensor.
    public record Leaf(Object node) {}

    private final Map<Leaf, Tensor> byLeaf = new LinkedHashMap<>();
    private final Listener listener;

    Gradients(Listener listener) {
        this.listener = listener;
    }

    void put(Node node, Tensor gradient) {
        Leaf leaf = new Leaf(node);
        byLeaf.put(leaf, gradient);
        listener.onGradient(leaf, gradient);
    }

    void visited(Node node) {
        listener.onVisit(node.sequence());
    }

    /// The gradient of a leaf; empty where the loss does not depend on it.
    public Optional<Tensor> of(Tensor leaf) {
        return Optional.ofNullable(byLeaf.get(leaf.leaf()));
    }
}
