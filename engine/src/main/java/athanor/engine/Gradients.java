package athanor.engine;

import athanor.kernels.elementwise.Binary;
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

    /// Adds those of another pass to these, in place.
    public void add(Gradients other) {
        other.byLeaf.forEach(
                (leaf, gradient) -> {
                    Tensor mine = byLeaf.putIfAbsent(leaf, gradient);
                    if (mine != null) {
                        combine(Binary.ADD, mine, gradient);
                    }
                });
    }

    /// Multiplies all of them, in place.
    public void scale(double factor) {
        byLeaf.values()
                .forEach(
                        gradient ->
                                combine(Binary.MULTIPLY, gradient, gradient.scalarLike(factor)));
    }

    /// The length of all of them taken as one vector.
    public double norm() {
        return Math.sqrt(
                Workspace.tidy(
                                () ->
                                        byLeaf.values().stream()
                                                .map(gradient -> gradient.square().sum())
                                                .reduce(Tensor::add)
                                                .orElseThrow())
                        .item());
    }

    /// Whether no element is NaN or infinite: of those, 0 times the element is NaN.
    public boolean areFinite() {
        return Workspace.tidy(
                                () ->
                                        byLeaf.values().stream()
                                                .map(gradient -> gradient.mul(0).sum())
                                                .reduce(Tensor::add)
                                                .orElseThrow())
                        .item()
                == 0;
    }

    private static void combine(Binary function, Tensor y, Tensor b) {
        y.backend()
                .binary(
                        function,
                        y.buffer(),
                        y.shape(),
                        b.buffer(),
                        b.shape(),
                        y.buffer(),
                        y.shape());
    }
}
