package athanor.engine.operation;

import athanor.engine.Edge;
import athanor.engine.ShapeMismatch;
import athanor.engine.Tape;
import athanor.engine.Tensor;
import java.util.List;

/// y = tensors one behind the other along an axis. Each gets its part of dy.
public final class Concat {
    private Concat() {}

    public static Tensor concat(int axis, List<Tensor> tensors) {
        if (tensors.isEmpty()) {
            throw new IllegalArgumentException("concat: at least one tensor is needed");
        }
        Tensor first = tensors.getFirst();
        int at = first.shape().axis(axis);
        tensors.forEach(x -> requireFit(first, x, at));
        int total = tensors.stream().mapToInt(x -> x.shape().dim(at)).sum();
        Tensor y = first.emptyLike(first.shape().with(at, total));
        Edge[] edges = new Edge[tensors.size()];
        int position = 0;
        for (int i = 0; i < edges.length; i++) {
            Tensor x = tensors.get(i);
            int[] start = new int[first.shape().rank()];
            start[at] = position;
            x.backend()
                    .copyBlock(
                            x.buffer(),
                            x.shape(),
                            new int[start.length],
                            y.buffer(),
                            y.shape(),
                            start,
                            x.shape());
            int from = position;
            position += x.shape().dim(at);
            int to = position;
            edges[i] = Tape.edge(x, dy -> Slice.cut(dy, at, from, to));
        }
        return Tape.record("concat", y, edges);
    }

    private static void requireFit(Tensor first, Tensor x, int axis) {
        Raw.requireSameKind("concat", first, x);
        if (x.shape().rank() != first.shape().rank()
                || !x.shape().with(axis, 0).equals(first.shape().with(axis, 0))) {
            throw new ShapeMismatch(
                    "concat",
                    "only the lengths of axis " + axis + " may differ",
                    first.shape(),
                    x.shape(),
                    "Did you mean another axis?");
        }
    }
}
