package athanor.kernels.layout;

import static athanor.kernels.elementwise.VectorMath.LANES;
import static athanor.kernels.elementwise.VectorMath.load;

import athanor.kernels.parallel.Parallel;
import java.util.Arrays;

/// Moves elements of contiguous arrays without changing them. Where a parameter is an `Object`, it
/// is an array of float, double, int, short or byte; x and y are of one type.
public final class Layout {
    private static final int PIECE = 16_384;

    private Layout() {}

    /// Copies the block of lengths `extent` that starts at `xStart` in x to `yStart` in y; the rest
    /// of y is left alone.
    public static void copyBlock(
            Object x,
            int[] xLengths,
            int[] xStart,
            Object y,
            int[] yLengths,
            int[] yStart,
            int[] extent) {
        // Trailing axes that are copied whole form one run with the axis before them.
        int axis = extent.length - 1;
        int run = 1;
        while (axis >= 0 && extent[axis] == xLengths[axis] && extent[axis] == yLengths[axis]) {
            run *= extent[axis--];
        }
        int inner = run;
        int length = axis >= 0 ? run * extent[axis] : run;
        int rows = 1;
        for (int i = 0; i < axis; i++) {
            rows *= extent[i];
        }
        if (length == 0) {
            return;
        }
        int last = axis;
        Parallel.range(
                rows,
                Math.max(1, PIECE / length),
                (from, to) -> {
                    for (int row = from; row < to; row++) {
                        int xAt = place(row, last, extent, xLengths, xStart) * inner;
                        int yAt = place(row, last, extent, yLengths, yStart) * inner;
                        System.arraycopy(x, xAt, y, yAt, length);
                    }
                });
    }

    /// `y[i, :] = x[index[i], :]` for i < count; rows of `width`.
    public static void gather(Object x, int width, int[] index, int count, Object y) {
        Parallel.range(
                count,
                Math.max(1, PIECE / Math.max(1, width)),
                (from, to) -> {
                    for (int i = from; i < to; i++) {
                        System.arraycopy(x, index[i] * width, y, i * width, width);
                    }
                });
    }

    /// `y[index[i], :] += x[i, :]` for i = 0, 1, ... in this order; the columns are what is split
    /// among threads.
    public static void scatterAdd(float[] x, int width, int[] index, int count, float[] y) {
        Parallel.range(
                width,
                Math.max(64, PIECE / Math.max(1, count)),
                (from, to) -> {
                    for (int i = 0; i < count; i++) {
                        add(x, i * width + from, y, index[i] * width + from, to - from);
                    }
                });
    }

    /// `y[i, j] = j == index[i] ? on : off`, count rows of `classes`.
    public static void oneHot(int[] index, int count, int classes, float on, float off, float[] y) {
        Arrays.fill(y, 0, count * classes, off);
        for (int i = 0; i < count; i++) {
            if (index[i] >= 0 && index[i] < classes) {
                y[i * classes + index[i]] = on;
            }
        }
    }

    /// The row's place in an array with these lengths, rows counted through the extent of all axes
    /// before `last`.
    private static int place(int row, int last, int[] extent, int[] lengths, int[] start) {
        if (last < 0) {
            return 0;
        }
        int place = start[last];
        int stride = lengths[last];
        int rest = row;
        for (int i = last - 1; i >= 0; i--) {
            place += (rest % extent[i] + start[i]) * stride;
            rest /= extent[i];
            stride *= lengths[i];
        }
        return place;
    }

    private static void add(float[] x, int xAt, float[] y, int yAt, int n) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            load(y, yAt + i).add(load(x, xAt + i)).intoArray(y, yAt + i);
        }
        for (; i < n; i++) {
            y[yAt + i] += x[xAt + i];
        }
    }
}
