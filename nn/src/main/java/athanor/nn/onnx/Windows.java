package athanor.nn.onnx;

import athanor.engine.Shape;
import java.util.Arrays;
import java.util.stream.IntStream;

/// How a window slides over the axes of an image `[N, C, ...]` behind the first two: one number for
/// each of these axes.
record Windows(int[] image, int[] kernel, int[] strides, int[] dilations, int[] begin, int[] end) {

    /// From a node's attributes.
    static Windows of(Node node, Shape x, int... kernel) {
        int[] image = Arrays.copyOfRange(x.dims(), 2, x.rank());
        int axes = image.length;
        int[] ones = new int[axes];
        Arrays.fill(ones, 1);
        int[] strides = node.integers("strides").orElse(ones);
        int[] dilations = node.integers("dilations").orElse(ones);
        int[] pads = node.integers("pads").orElse(new int[2 * axes]);
        if (kernel.length != axes
                || strides.length != axes
                || dilations.length != axes
                || pads.length != 2 * axes) {
            throw new IllegalArgumentException(
                    "its window has other axes than an image of shape " + x);
        }
        requirePositive(kernel);
        requirePositive(strides);
        requirePositive(dilations);
        int[] begin = Arrays.copyOf(pads, axes);
        int[] end = Arrays.copyOfRange(pads, axes, 2 * axes);
        Windows given = new Windows(image, kernel, strides, dilations, begin, end);
        String same = node.text("auto_pad", "NOTSET");
        for (int i = 0; i < axes && same.startsWith("SAME"); i++) {
            int count = Math.ceilDiv(image[i], strides[i]);
            int total = Math.max(0, (count - 1) * strides[i] + given.reach(i) - image[i]);
            begin[i] = same.equals("SAME_LOWER") ? total - total / 2 : total / 2;
            end[i] = total - begin[i];
        }
        return given;
    }

    private static void requirePositive(int... values) {
        if (IntStream.of(values).anyMatch(v -> v < 1)) {
            throw new IllegalArgumentException(
                    "kernel, strides and dilations start at 1: " + Arrays.toString(values));
        }
    }

    int axes() {
        return image.length;
    }

    /// How far a window reaches along an axis.
    int reach(int axis) {
        return (kernel[axis] - 1) * dilations[axis] + 1;
    }

    /// How many windows there are along an axis; with `ceil`, the last may begin inside the image
    /// and end behind its padding.
    int count(int axis, boolean ceil) {
        int free = image[axis] + begin[axis] + end[axis] - reach(axis);
        if (free < 0) {
            throw new IllegalArgumentException(
                    "a window of " + reach(axis) + " is larger than the padded image");
        }
        int count = (ceil ? Math.ceilDiv(free, strides[axis]) : free / strides[axis]) + 1;
        boolean outside = (count - 1) * strides[axis] >= image[axis] + begin[axis];
        return ceil && outside ? count - 1 : count;
    }

    boolean isSymmetric() {
        return Arrays.equals(begin, end);
    }

    /// The same numbers along both of two axes, as the engine's pools want it.
    boolean isSquare() {
        return axes() == 2
                && isSymmetric()
                && IntStream.of(dilations).allMatch(d -> d == 1)
                && kernel[0] == kernel[1]
                && strides[0] == strides[1]
                && begin[0] == begin[1]
                && 2 * begin[0] <= kernel[0];
    }
}
