package athanor.engine.operation;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.Shape;
import athanor.engine.ShapeMismatch;
import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Binary;
import athanor.kernels.elementwise.Unary;
import athanor.kernels.reduce.Reduction;

/// The backend's primitives on tensors, without a graph: what operations are made of.
final class Raw {
    private Raw() {}

    static Tensor unary(Unary function, Tensor x) {
        Tensor y = x.emptyLike(x.shape());
        x.backend().unary(function, x.buffer(), y.buffer(), x.size());
        return y;
    }

    static Tensor binary(Binary function, Tensor a, Tensor b) {
        String name = function.name().toLowerCase(java.util.Locale.ROOT);
        requireSameKind(name, a, b);
        Shape shape =
                a.shape().equals(b.shape())
                        ? a.shape()
                        : Shape.broadcast(name, a.shape(), b.shape());
        Tensor y = a.emptyLike(shape);
        a.backend()
                .binary(function, a.buffer(), a.shape(), b.buffer(), b.shape(), y.buffer(), shape);
        return y;
    }

    /// dy where y > 0, else 0.
    static Tensor gated(Tensor dy, Tensor y) {
        Tensor dx = Tape.over(dy);
        Shape shape = dy.shape();
        dy.backend()
                .binary(
                        Binary.RELU_GRADIENT,
                        dy.buffer(),
                        shape,
                        y.buffer(),
                        shape,
                        dx.buffer(),
                        shape);
        return dx;
    }

    /// Reduces the axes; they stay as length 1 if `keep`.
    static Tensor reduce(Reduction reduction, Tensor x, boolean[] axes, boolean keep) {
        Shape kept = keptShape(x.shape(), axes);
        Tensor y = x.emptyLike(keep ? kept : squeezed(x.shape(), axes));
        x.backend().reduce(reduction, x.buffer(), x.shape(), axes, y.buffer());
        return y;
    }

    /// Marks the axes named; none named means all.
    static boolean[] axes(Shape shape, int... named) {
        boolean[] axes = new boolean[shape.rank()];
        if (named.length == 0) {
            java.util.Arrays.fill(axes, true);
        }
        for (int axis : named) {
            axes[shape.axis(axis)] = true;
        }
        return axes;
    }

    /// The shape with the marked axes at length 1.
    static Shape keptShape(Shape shape, boolean[] axes) {
        int[] dims = shape.dims();
        for (int i = 0; i < dims.length; i++) {
            dims[i] = axes[i] ? 1 : dims[i];
        }
        return Shape.of(dims);
    }

    private static Shape squeezed(Shape shape, boolean[] axes) {
        return Shape.of(
                java.util.stream.IntStream.range(0, shape.rank())
                        .filter(i -> !axes[i])
                        .map(shape::dim)
                        .toArray());
    }

    /// Memory for sums of x, or statistics made of them.
    static Tensor ofSums(Tensor x, Shape shape) {
        return Tensor.empty(x.backend(), x.dtype().ofSums(), shape);
    }

    static void requireSameKind(String operation, Tensor a, Tensor b) {
        requireSameBackend(operation, a, b);
        requireSame(operation, a.dtype(), b.dtype());
    }

    private static void requireSame(String operation, DType a, DType b) {
        if (a != b) {
            throw new IllegalArgumentException(
                    operation + ": the types differ, " + a + " and " + b + "; cast one of them");
        }
    }

    static void requireSameBackend(String operation, Tensor a, Tensor b) {
        Backend left = a.backend();
        if (left.memory() != b.backend().memory()) {
            throw new IllegalArgumentException(
                    operation
                            + ": the tensors are on different backends, "
                            + left.name()
                            + " and "
                            + b.backend().name()
                            + "; make both on one");
        }
    }

    static void requireType(String operation, Tensor x, DType dtype) {
        if (x.dtype() != dtype) {
            throw new IllegalArgumentException(
                    operation + ": " + dtype + " is needed, " + x.dtype() + " given; cast it");
        }
    }

    /// One number for each place of the last axis of x, of its type.
    static void requirePerChannel(
            String operation, String what, Tensor x, Tensor vector, String meant) {
        requirePerChannel(operation, what, x, x.dtype(), vector, meant);
    }

    static void requirePerChannel(
            String operation, String what, Tensor x, DType type, Tensor vector, String meant) {
        requireSameBackend(operation, x, vector);
        requireSame(operation, type, vector.dtype());
        int channels = x.shape().dim(-1);
        if (!vector.shape().equals(Shape.of(channels))) {
            throw new ShapeMismatch(
                    operation,
                    what + " has one number for each channel (place of the last axis) of x",
                    x.shape(),
                    vector.shape(),
                    "Did you mean " + meant.formatted(channels) + "?");
        }
    }

    /// For what chooses from elements: there must be some where there is a result.
    static void requireElements(String operation, Shape shape, Shape result) {
        if (shape.size() == 0 && result.size() > 0) {
            throw new ShapeMismatch(
                    operation,
                    "there are no elements to choose from",
                    shape,
                    "Did you mean another axis?");
        }
    }

    static void requireRank(String operation, Tensor x, int rank, String axes) {
        if (x.shape().rank() != rank) {
            throw new ShapeMismatch(
                    operation,
                    "a tensor " + axes + " is needed",
                    x.shape(),
                    "Did you mean a reshape?");
        }
    }
}
