package athanor.engine.operation;

import athanor.engine.Shape;
import athanor.engine.ShapeMismatch;
import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Binary;

/// y = x, repeated along axes of length 1. dx = dy summed over them.
public final class Expand {
    private Expand() {}

    public static Tensor expand(Tensor x, Shape larger) {
        if (!Shape.broadcast("expand", x.shape(), larger).equals(larger)) {
            throw new ShapeMismatch(
                    "expand",
                    "the shape does not stretch to the other",
                    x.shape(),
                    larger,
                    "Only axes of 1 repeat.");
        }
        return Tape.record("expand", repeat(x, larger), Tape.edge(x, dy -> dy));
    }

    static Tensor repeat(Tensor x, Shape larger) {
        Tensor y = Tensor.zeros(x.backend(), x.dtype(), larger);
        x.backend()
                .binary(Binary.ADD, x.buffer(), x.shape(), y.buffer(), larger, y.buffer(), larger);
        return y;
    }
}
