package athanor.engine;

import athanor.kernels.elementwise.Binary;
import it.unimi.dsi.fastutil.objects.Object2IntOpenHashMap;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/// The walk from a loss back to the leaves. It counts how many results each node went into, and
/// visits a node when the last of them has sent its gradient: latest first, the reverse of the
/// order in which they were computed. What a node saved is given back as soon as it was visited.
final class Backpropagation {
    private final Object2IntOpenHashMap<Node> awaited = new Object2IntOpenHashMap<>();
    private final IdentityHashMap<Node, Tensor> pending = new IdentityHashMap<>();
    private final PriorityQueue<Node> ready =
            new PriorityQueue<>(Comparator.comparingLong(Node::sequence).reversed());
    private final Gradients gradients;

    private Backpropagation(Gradients gradients) {
        this.gradients = gradients;
    }

    static Gradients run(Node loss, Tensor dLoss, Gradients.Listener listener) {
        Backpropagation walk = new Backpropagation(new Gradients(listener));
        walk.count(loss);
        walk.pending.put(loss, dLoss);
        walk.ready.add(loss);
        try (Autocast _ = Autocast.open(DType.FLOAT32)) {
            return GradMode.off(walk::visitAll);
        }
    }

    private void count(Node loss) {
        ArrayDeque<Node> unseen = new ArrayDeque<>(List.of(loss));
        while (!unseen.isEmpty()) {
            for (Edge edge : unseen.pop().edges()) {
                Node input = edge.input();
                if (input != null && awaited.addTo(input, 1) == 0) {
                    unseen.push(input);
                }
            }
        }
    }

    private Gradients visitAll() {
        for (Node node = ready.poll(); node != null; node = ready.poll()) {
            Tensor dy = take(node);
            if (node.isLeaf()) {
                gradients.put(node, unshared(dy));
            } else {
                visit(node, dy);
                dy.release();
                gradients.visited(node);
            }
        }
        return gradients;
    }

    /// Who receives a leaf's gradient may write to it (clip it, average it): it is no other's too.
    private static Tensor unshared(Tensor gradient) {
        if (gradient.storage().isExclusive()) {
            return gradient;
        }
        Tensor copy = gradient.emptyLike(gradient.shape());
        copy.assign(gradient);
        gradient.release();
        return copy;
    }

    private void visit(Node node, Tensor dy) {
        List<Edge> edges = node.edges();
        @Nullable Tensor[] incoming = rules(node, dy);
        node.releaseSaved();
        for (int i = 0; i < incoming.length; i++) {
            Node input = edges.get(i).input();
            Tensor gradient = incoming[i];
            if (input != null && gradient != null) {
                accumulate(input, gradient);
                if (awaited.addTo(input, -1) == 1) {
                    ready.add(input);
                }
            }
        }
    }

    /// Applies the node's rules; what they make on the way is given back, the gradients stay.
    private @Nullable Tensor[] rules(Node node, Tensor dy) {
        boolean tidy = Workspace.current() != null;
        Workspace scope = tidy ? Workspace.open() : null;
        try {
            @Nullable Tensor[] results = node.apply(dy, pending);
            for (int i = 0; i < results.length; i++) {
                Tensor result = results[i];
                Node input = node.edges().get(i).input();
                if (result != null && input != null) {
                    Tensor summed = result.sumTo(input.shape());
                    results[i] = summed == dy ? dy.alias() : summed;
                    if (scope != null) {
                        scope.keep(results[i]);
                    }
                }
            }
            return results;
        } finally {
            if (scope != null) {
                scope.close();
            }
        }
    }

    private void accumulate(Node node, Tensor gradient) {
        Tensor before = pending.get(node);
        if (before == null) {
            pending.put(node, gradient);
        } else if (before == gradient) {
            return; // The rule has added it.
        } else if (before.storage().isExclusive()) {
            Shape shape = before.shape();
            before.backend()
                    .binary(
                            Binary.ADD,
                            before.buffer(),
                            shape,
                            gradient.buffer(),
                            shape,
                            before.buffer(),
                            shape);
            gradient.release();
        } else {
            pending.put(node, before.add(gradient));
            before.release();
            gradient.release();
        }
    }

    private Tensor take(Node node) {
        Tensor gradient = pending.remove(node);
        if (gradient == null) {
            throw new IllegalStateException("no gradient arrived at " + node);
        }
        return gradient;
    }

    /// Kept here for those who list a graph: the nodes behind a loss, in the order of the walk.
    static List<TapeEntry> tape(Node loss) {
        Backpropagation walk = new Backpropagation(new Gradients((_, _) -> {}));
        walk.count(loss);
        List<Node> nodes = new ArrayList<>(walk.awaited.keySet());
        nodes.add(loss);
        nodes.sort(Comparator.comparingLong(Node::sequence).reversed());
        return nodes.stream().map(Node::entry).toList();
    }
}
