package athanor.engine.operation;

import athanor.engine.Shape;
import athanor.engine.ShapeMismatch;
import athanor.engine.Tape;
import athanor.engine.Tensor;

/// y = x in another shape of the same size. dx = dy in the shape of x. No element moves.
public final class Reshape {
    private Reshape() {}

    /// One length may be -1: it is what is left.
    public static Tensor reshape(Tensor x, int... dims) {
        Shape from = x.shape();
        Tensor y = x.viewAs(resolve(from, dims));
        return Tape.record("reshape", y, Tape.edge(x, dy -> dy.viewAs(from)));
    }

    private static Shape resolve(Shape from, int... dims) {
        int known = 1;
        int open = -1;
        for (int i = 0; i < dims.length; i++) {
            if (dims[i] == -1 && open < 0) {
                open = i;
            } else {
                known *= dims[i];
            }
        }
        int[] resolved = dims.clone();
        if (open >= 0) {
            resolved[open] = known == 0 ? 0 : from.size() / known;
        }
        Shape to = Shape.of(resolved);
        if (to.size() != from.size()) {
            throw new ShapeMismatch(
                    "reshape",
                    from.size() + " elements do not fit " + java.util.Arrays.toString(dims),
                    from,
                    "The sizes must be equal; one length may be -1.");
        }
        return to;
    }
}
