package athanor.engine;

import java.util.Arrays;
import java.util.stream.Collectors;

/// The lengths of a tensor's axes, outermost first; rows are contiguous. `[]` is a single number.
public final class Shape {
    public static final Shape SCALAR = new Shape();

    private final int[] dims;

    private Shape(int... dims) {
        this.dims = dims;
    }

    public static Shape of(int... dims) {
        long size = 1;
        for (int dim : dims) {
            if (dim < 0) {
                throw new IllegalArgumentException(
                        "shape " + Arrays.toString(dims) + ": a length cannot be negative");
            }
            size *= Math.max(dim, 1);
            if (size > Integer.MAX_VALUE - 8) {
                throw new IllegalArgumentException(
                        "shape "
                                + Arrays.toString(dims)
                                + ": more than 2^31 - 9 elements; use a smaller batch");
            }
        }
        return new Shape(dims.clone());
    }

    public int rank() {
        return dims.length;
    }

    /// The length of an axis; a negative axis counts from the end, -1 is the last.
    public int dim(int axis) {
        return dims[axis(axis)];
    }

    public int[] dims() {
        return dims.clone();
    }

    /// The number of elements.
    public int size() {
        int size = 1;
        for (int dim : dims) {
            size *= dim;
        }
        return size;
    }

    /// The axis counted from the front, for one that may be negative.
    public int axis(int axis) {
        int positive = axis < 0 ? axis + dims.length : axis;
        if (positive < 0 || positive >= dims.length) {
            throw new IllegalArgumentException(
                    "axis "
                            + axis
                            + " of shape "
                            + this
                            + ": it has "
                            + dims.length
                            + " axes, so -"
                            + dims.length
                            + " to "
                            + (dims.length - 1)
                            + " are accepted");
        }
        return positive;
    }

    /// The same shape with another length of one axis.
    public Shape with(int axis, int length) {
        int[] changed = dims.clone();
        changed[axis(axis)] = length;
        return of(changed);
    }

    /// The product of the lengths of the axes from (inclusive) to (exclusive).
    public int size(int from, int to) {
        int size = 1;
        for (int i = from; i < to; i++) {
            size *= dims[i];
        }
        return size;
    }

    /// How many elements lie between neighbours along each axis.
    public int[] strides() {
        int[] strides = new int[dims.length];
        int stride = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= dims[i];
        }
        return strides;
    }

    /// The strides by which this shape is read when it is stretched to a larger one: 0 along axes
    /// that repeat.
    public int[] stridesIn(Shape larger) {
        int[] own = strides();
        int[] strides = new int[larger.rank()];
        int ahead = larger.rank() - rank();
        for (int i = 0; i < rank(); i++) {
            strides[ahead + i] = dims[i] == 1 ? 0 : own[i];
        }
        return strides;
    }

    /// The shape that both stretch to, by NumPy's rule: axes are matched from the last, and a
    /// length of 1 repeats.
    public static Shape broadcast(String operation, Shape a, Shape b) {
        int rank = Math.max(a.rank(), b.rank());
        int[] dims = new int[rank];
        for (int i = 1; i <= rank; i++) {
            int left = i <= a.rank() ? a.dims[a.rank() - i] : 1;
            int right = i <= b.rank() ? b.dims[b.rank() - i] : 1;
            if (left != right && left != 1 && right != 1) {
                throw new ShapeMismatch(
                        operation,
                        "axis -"
                                + i
                                + " is "
                                + left
                                + " on the left and "
                                + right
                                + " on the right",
                        a,
                        b,
                        "Lengths must be equal, or one of them 1. Did you mean a reshape that adds an axis of 1?");
            }
            dims[rank - i] = left == 1 ? right : left;
        }
        return of(dims);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /// As in `[32, 784]`.
    @Override
    public String toString() {
        return Arrays.stream(dims)
                .mapToObj(String::valueOf)
                .collect(Collectors.joining(", ", "[", "]"));
    }
}
