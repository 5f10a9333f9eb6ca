package athanor.engine.operation;

import athanor.engine.Shape;
import athanor.engine.Tape;
import athanor.engine.Tensor;

/// y = x[from:to] along an axis. dx = dy there, 0 elsewhere.
public final class Slice {
    private Slice() {}

    public static Tensor slice(Tensor x, int axis, int from, int to) {
        Shape shape = x.shape();
        int at = shape.axis(axis);
        if (from < 0 || to < from || to > shape.dim(at)) {
            throw new IllegalArgumentException(
                    "slice: "
                            + from
                            + " to "
                            + to
                            + " of axis "
                            + at
                            + " of "
                            + shape
                            + "; the bounds must lie in 0.."
                            + shape.dim(at)
                            + " and not cross");
        }
        return Tape.record(
                "slice",
                cut(x, at, from, to),
                Tape.edge(x, dy -> Pad.extend(dy, at, from, shape.dim(at) - to)));
    }

    static Tensor cut(Tensor x, int axis, int from, int to) {
        Tensor y = x.emptyLike(x.shape().with(axis, to - from));
        int[] start = new int[x.shape().rank()];
        start[axis] = from;
        x.backend()
                .copyBlock(
                        x.buffer(),
                        x.shape(),
                        start,
                        y.buffer(),
                        y.shape(),
                        new int[start.length],
                        y.shape());
        return y;
    }
}
