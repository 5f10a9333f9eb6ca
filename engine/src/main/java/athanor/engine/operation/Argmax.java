package athanor.engine.operation;

import athanor.engine.DType;
import athanor.engine.Shape;
import athanor.engine.Tensor;

/// y = the place of the first maximum along an axis, INT32. No gradient.
public final class Argmax {
    private Argmax() {}

    public static Tensor argmax(Tensor x, int axis) {
        Shape shape = x.shape();
        int at = shape.axis(axis);
        int[] dims =
                java.util.stream.IntStream.range(0, shape.rank())
                        .filter(i -> i != at)
                        .map(shape::dim)
                        .toArray();
        Raw.requireElements("argmax", shape, Shape.of(dims));
        Tensor y = Tensor.empty(x.backend(), DType.INT32, Shape.of(dims));
        x.backend()
                .argmax(
                        x.buffer(),
                        shape.size(0, at),
                        shape.dim(at),
                        shape.size(at + 1, shape.rank()),
                        y.buffer());
        return y;
    }
}
