package athanor.kernels.layout;

import athanor.kernels.parallel.Parallel;
import java.util.Arrays;

/// Any permutation of the axes of a contiguous array of float, double, int or byte. Axes of length
/// 1 are dropped and axes that stay neighbours joined; what is left either keeps its last axis, and
/// rows are copied, or is a set of matrices to transpose (for NHWC to NCHW, one of `[H W, C]` an
/// image), which is done in tiles that fit the first cache.
public final class Transpose {
    private static final int TILE = 32;
    private static final int PIECE = 16_384;

    private final int[] lengths;
    private final int[] xStrides;
    private final int size;

    private Transpose(int[] lengths, int[] xStrides, int size) {
        this.lengths = lengths;
        this.xStrides = xStrides;
        this.size = size;
    }

    /// `y` has axis i where x had axis `permutation[i]`.
    public static void run(Object x, int[] xLengths, int[] permutation, Object y) {
        Transpose transpose = of(xLengths, permutation);
        if (transpose.size > 0) {
            transpose.run(x, y);
        }
    }

    /// The lengths of y's axes, and x's strides along them.
    private static Transpose of(int[] xLengths, int[] permutation) {
        int rank = xLengths.length;
        int[] strides = new int[rank];
        int size = 1;
        for (int i = rank - 1; i >= 0; i--) {
            strides[i] = size;
            size *= xLengths[i];
        }
        int[] lengths = new int[rank];
        int[] xStrides = new int[rank];
        int kept = 0;
        for (int axis : permutation) {
            if (xLengths[axis] == 1) {
                continue;
            }
            if (kept > 0 && xStrides[kept - 1] == strides[axis] * xLengths[axis]) {
                lengths[kept - 1] *= xLengths[axis];
                xStrides[kept - 1] = strides[axis];
            } else {
                lengths[kept] = xLengths[axis];
                xStrides[kept++] = strides[axis];
            }
        }
        return new Transpose(Arrays.copyOf(lengths, kept), Arrays.copyOf(xStrides, kept), size);
    }

    private void run(Object x, Object y) {
        int last = lengths.length - 1;
        if (last < 0) {
            System.arraycopy(x, 0, y, 0, 1);
        } else if (xStrides[last] == 1) {
            int width = lengths[last];
            Parallel.range(
                    size / width,
                    Math.max(1, PIECE / width),
                    (from, to) -> {
                        for (int row = from; row < to; row++) {
                            System.arraycopy(x, offset(row, last, last), y, row * width, width);
                        }
                    });
        } else {
            matrices(x, y, last);
        }
    }

    /// x's last axis is y's axis `across`; the matrices are spanned by it and y's last axis.
    private void matrices(Object x, Object y, int last) {
        int across = 0;
        while (xStrides[across] != 1) {
            across++;
        }
        int columns = lengths[across];
        int rows = lengths[last];
        int yStride = 1;
        for (int i = across + 1; i <= last; i++) {
            yStride *= lengths[i];
        }
        int xStride = xStrides[last];
        int tall = (columns + TILE - 1) / TILE;
        int axis = across;
        int step = yStride;
        Parallel.range(
                size / rows / columns * tall,
                Math.max(1, PIECE / (TILE * rows)),
                (from, to) -> {
                    for (int i = from; i < to; i++) {
                        int matrix = i / tall;
                        int column = i % tall * TILE;
                        int xAt = offset(matrix, last, axis) + column;
                        int yAt = yOffset(matrix, last, axis) + column * step;
                        int count = Math.min(TILE, columns - column);
                        for (int row = 0; row < rows; row += TILE) {
                            int height = Math.min(TILE, rows - row);
                            tile(
                                    x,
                                    xAt + row * xStride,
                                    xStride,
                                    y,
                                    yAt + row,
                                    step,
                                    height,
                                    count);
                        }
                    }
                });
    }

    /// Where in x the index tuple begins that a number counts through the axes before `last`,
    /// without the axis `left`.
    private int offset(int number, int last, int left) {
        int offset = 0;
        int rest = number;
        for (int i = last - 1; i >= 0; i--) {
            if (i != left) {
                offset += rest % lengths[i] * xStrides[i];
                rest /= lengths[i];
            }
        }
        return offset;
    }

    private int yOffset(int number, int last, int left) {
        int offset = 0;
        int rest = number;
        int stride = lengths[last];
        for (int i = last - 1; i >= 0; i--) {
            if (i != left) {
                offset += rest % lengths[i] * stride;
                rest /= lengths[i];
            }
            stride *= lengths[i];
        }
        return offset;
    }

    /// `y[column, row] = x[row, column]`.
    private static void tile(
            Object x, int xAt, int xStride, Object y, int yAt, int yStride, int rows, int columns) {
        switch (x) {
            case float[] floats ->
                    tile(floats, xAt, xStride, (float[]) y, yAt, yStride, rows, columns);
            case double[] doubles ->
                    tile(doubles, xAt, xStride, (double[]) y, yAt, yStride, rows, columns);
            case int[] ints -> tile(ints, xAt, xStride, (int[]) y, yAt, yStride, rows, columns);
            case short[] shorts ->
                    tile(shorts, xAt, xStride, (short[]) y, yAt, yStride, rows, columns);
            case byte[] bytes -> tile(bytes, xAt, xStride, (byte[]) y, yAt, yStride, rows, columns);
            default ->
                    throw new IllegalArgumentException(
                            "transpose: " + x.getClass() + " is no array of numbers");
        }
    }

    private static void tile(
            float[] x,
            int xAt,
            int xStride,
            float[] y,
            int yAt,
            int yStride,
            int rows,
            int columns) {
        for (int j = 0; j < columns; j++) {
            for (int i = 0; i < rows; i++) {
                y[yAt + j * yStride + i] = x[xAt + i * xStride + j];
            }
        }
    }

    private static void tile(
            double[] x,
            int xAt,
            int xStride,
            double[] y,
            int yAt,
            int yStride,
            int rows,
            int columns) {
        for (int j = 0; j < columns; j++) {
            for (int i = 0; i < rows; i++) {
                y[yAt + j * yStride + i] = x[xAt + i * xStride + j];
            }
        }
    }

    private static void tile(
            int[] x, int xAt, int xStride, int[] y, int yAt, int yStride, int rows, int columns) {
        for (int j = 0; j < columns; j++) {
            for (int i = 0; i < rows; i++) {
                y[yAt + j * yStride + i] = x[xAt + i * xStride + j];
            }
        }
    }

    private static void tile(
            short[] x,
            int xAt,
            int xStride,
            short[] y,
            int yAt,
            int yStride,
            int rows,
            int columns) {
        for (int j = 0; j < columns; j++) {
            for (int i = 0; i < rows; i++) {
                y[yAt + j * yStride + i] = x[xAt + i * xStride + j];
            }
        }
    }

    private static void tile(
            byte[] x, int xAt, int xStride, byte[] y, int yAt, int yStride, int rows, int columns) {
        for (int j = 0; j < columns; j++) {
            for (int i = 0; i < rows; i++) {
                y[yAt + j * yStride + i] = x[xAt + i * xStride + j];
            }
        }
    }
}
