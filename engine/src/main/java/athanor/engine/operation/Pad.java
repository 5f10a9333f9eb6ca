package athanor.engine.operation;

import athanor.engine.Shape;
import athanor.engine.Tape;
import athanor.engine.Tensor;

/// y = x with zeros before and after along an axis. dx = the inner part of dy.
public final class Pad {
    private Pad() {}

    public static Tensor pad(Tensor x, int axis, int before, int after) {
        if (before < 0 || after < 0) {
            throw new IllegalArgumentException(
                    "pad: "
                            + before
                            + " before and "
                            + after
                            + " after were asked for; use"
                            + " slice to take elements away");
        }
        int at = x.shape().axis(axis);
        int length = x.shape().dim(at);
        return Tape.record(
                "pad",
                extend(x, at, before, after),
                Tape.edge(x, dy -> Slice.cut(dy, at, before, before + length)));
    }

    static Tensor extend(Tensor x, int axis, int before, int after) {
        Shape shape = x.shape().with(axis, before + x.shape().dim(axis) + after);
        Tensor y = Tensor.zeros(x.backend(), x.dtype(), shape);
        int[] start = new int[shape.rank()];
        start[axis] = before;
        x.backend()
                .copyBlock(
                        x.buffer(),
                        x.shape(),
                        new int[start.length],
                        y.buffer(),
                        shape,
                        start,
                        x.shape());
        return y;
    }
}
