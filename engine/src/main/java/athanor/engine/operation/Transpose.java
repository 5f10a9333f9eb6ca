package athanor.engine.operation;

import athanor.engine.Shape;
import athanor.engine.ShapeMismatch;
import athanor.engine.Tape;
import athanor.engine.Tensor;

/// y has axis i where x had axis `p[i]`. dx = dy with the inverse permutation.
public final class Transpose {
    private Transpose() {}

    /// Without a permutation the last two axes change places.
    public static Tensor transpose(Tensor x, int... permutation) {
        int[] p =
                permutation.length == 0 ? swapLastTwo(x.shape()) : checked(x.shape(), permutation);
        int[] inverse = new int[p.length];
        for (int i = 0; i < p.length; i++) {
            inverse[p[i]] = i;
        }
        return Tape.record("transpose", permute(x, p), Tape.edge(x, dy -> permute(dy, inverse)));
    }

    private static Tensor permute(Tensor x, int... permutation) {
        int[] dims = java.util.Arrays.stream(permutation).map(x.shape()::dim).toArray();
        Tensor y = x.emptyLike(Shape.of(dims));
        x.backend().transpose(x.buffer(), x.shape(), permutation, y.buffer());
        return y;
    }

    private static int[] swapLastTwo(Shape shape) {
        if (shape.rank() < 2) {
            throw new ShapeMismatch(
                    "transpose",
                    "the last two axes change places, so there must be two axes",
                    shape,
                    "Did you mean a reshape to one row or one column?");
        }
        int[] permutation = java.util.stream.IntStream.range(0, shape.rank()).toArray();
        permutation[shape.axis(-1)] = shape.axis(-2);
        permutation[shape.axis(-2)] = shape.axis(-1);
        return permutation;
    }

    private static int[] checked(Shape shape, int... permutation) {
        boolean[] seen = new boolean[shape.rank()];
        for (int axis : permutation) {
            seen[shape.axis(axis)] = true;
        }
        for (boolean each : seen) {
            if (!each || permutation.length != shape.rank()) {
                throw new IllegalArgumentException(
                        "transpose: "
                                + java.util.Arrays.toString(permutation)
                                + " is no permutation of the axes of "
                                + shape
                                + "; name each axis once");
            }
        }
        return java.util.Arrays.stream(permutation).map(shape::axis).toArray();
    }
}
