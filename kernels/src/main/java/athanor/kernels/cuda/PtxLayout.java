package athanor.kernels.cuda;

import athanor.kernels.cuda.Ptx.Entry;
import athanor.kernels.elementwise.Broadcast;
import java.util.Arrays;

/// Launches of `layout/Layout.ptx` and `Transpose.ptx`. Elements are of `bytes` 1, 2, 4 or 8 where
/// a method takes them, those of 2 and 8 moved in two halves.
public final class PtxLayout {
    private static final String FILE = "layout/Layout";

    private final Ptx ptx;

    public PtxLayout(Ptx ptx) {
        this.ptx = ptx;
    }

    /// `y` has axis i where x, of these lengths, had axis `permutation[i]`.
    public void transpose(
            Driver.Stream stream, int bytes, long x, int[] lengths, int[] permutation, long y) {
        int rank = lengths.length;
        int[] strides = strides(lengths);
        int[] yLengths = new int[rank];
        int[] xStrides = new int[rank];
        for (int i = 0; i < rank; i++) {
            yLengths[i] = lengths[permutation[i]];
            xStrides[i] = strides[permutation[i]];
        }
        copy(stream, "transpose", bytes, x, 0, xStrides, y, 0, strides(yLengths), yLengths);
    }

    /// Copies the block of lengths `extent` that starts at `xStart` in x to `yStart` in y.
    public void copyBlock(
            Driver.Stream stream,
            int bytes,
            long x,
            int[] xLengths,
            int[] xStart,
            long y,
            int[] yLengths,
            int[] yStart,
            int[] extent) {
        int[] xStrides = strides(xLengths);
        int[] yStrides = strides(yLengths);
        copy(
                stream,
                "copyBlock",
                bytes,
                x,
                place(xStart, xStrides),
                xStrides,
                y,
                place(yStart, yStrides),
                yStrides,
                extent);
    }

    private void copy(
            Driver.Stream stream,
            String what,
            int bytes,
            long x,
            int xOrigin,
            int[] xStrides,
            long y,
            int yOrigin,
            int[] yStrides,
            int[] lengths) {
        int n = PtxElementwise.size(lengths);
        if (n == 0) {
            return;
        }
        if (bytes == 8 || bytes == 2) {
            copy(
                    stream,
                    what,
                    bytes / 2,
                    x,
                    2 * xOrigin,
                    halves(xStrides, 2, 1),
                    y,
                    2 * yOrigin,
                    halves(yStrides, 2, 1),
                    halves(lengths, 1, 2));
            return;
        }
        Broadcast plan = Broadcast.of(lengths, xStrides, yStrides);
        if (bytes == 4 && isTransposition(plan) && xOrigin == 0 && yOrigin == 0) {
            int axes = plan.lengths().length;
            transpose(
                    stream,
                    x,
                    axes == 3 ? plan.lengths()[0] : 1,
                    plan.lengths()[axes - 1],
                    plan.lengths()[axes - 2],
                    y);
            return;
        }
        Arguments arguments =
                new Arguments().address(x).int32(xOrigin).address(y).int32(yOrigin).int32(n);
        ptx.launchElements(
                stream,
                new Entry(FILE, bytes == 4 ? "copyStrided32" : "copyStrided8"),
                n,
                PtxElementwise.axes(what, plan, arguments));
    }

    /// Whether whole matrices, one behind the other, are to be transposed.
    private static boolean isTransposition(Broadcast plan) {
        int[] lengths = plan.lengths();
        int axes = lengths.length;
        if (axes != 2 && axes != 3) {
            return false;
        }
        int columns = lengths[axes - 2];
        int rows = lengths[axes - 1];
        boolean matrix =
                plan.aStrides()[axes - 2] == 1
                        && plan.aStrides()[axes - 1] == columns
                        && plan.bStrides()[axes - 2] == rows
                        && plan.bStrides()[axes - 1] == 1;
        return matrix
                && (axes == 2
                        || (plan.aStrides()[0] == rows * columns
                                && plan.bStrides()[0] == rows * columns));
    }

    /// `y[b, j, i] = x[b, i, j]`, x `[batch, rows, columns]` of 4 bytes an element.
    private void transpose(Driver.Stream stream, long x, int batch, int rows, int columns, long y) {
        ptx.launch(
                stream,
                new Entry("layout/Transpose", "transpose"),
                batch * Ptx.ceilDiv(rows, 32) * Ptx.ceilDiv(columns, 32),
                Ptx.THREADS,
                new Arguments().address(x).address(y).int32(rows).int32(columns));
    }

    /// `y[i, :] = x[index[i], :]` for i < count, rows of `width` elements.
    public void gather(
            Driver.Stream stream, int bytes, long x, int width, long index, int count, long y) {
        int rowBytes = width * bytes;
        int word = rowBytes % 16 == 0 ? 16 : rowBytes % 4 == 0 ? 4 : 1;
        int words = rowBytes / word;
        int n = count * words;
        ptx.launchElements(
                stream,
                new Entry(FILE, "gather" + 8 * word),
                n,
                new Arguments().address(x).int32(words).address(index).address(y).int32(n));
    }

    /// `y[index[i], :] += x[i, :]` for i = 0, 1, ... in this order.
    public void scatterAdd(Driver.Stream stream, long x, int width, long index, int count, long y) {
        ptx.launch(
                stream,
                new Entry(FILE, "scatterAdd"),
                Ptx.ceilDiv(count, Ptx.THREADS / 32),
                Ptx.THREADS,
                new Arguments().address(x).int32(width).address(index).int32(count).address(y));
    }

    /// `y[i, j] = j == index[i] ? on : off`, count rows of `classes`.
    public void oneHot(
            Driver.Stream stream, long index, int count, int classes, float on, float off, long y) {
        int n = count * classes;
        ptx.launchElements(
                stream,
                new Entry(FILE, "oneHot"),
                n,
                new Arguments()
                        .address(index)
                        .int32(classes)
                        .float32(on)
                        .float32(off)
                        .address(y)
                        .int32(n));
    }

    private static int[] strides(int[] lengths) {
        int[] strides = new int[lengths.length];
        int stride = 1;
        for (int i = lengths.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= lengths[i];
        }
        return strides;
    }

    private static int place(int[] start, int[] strides) {
        int place = 0;
        for (int i = 0; i < start.length; i++) {
            place += start[i] * strides[i];
        }
        return place;
    }

    /// The numbers times the factor, and one more for the two halves of an element.
    private static int[] halves(int[] numbers, int factor, int last) {
        int[] result = Arrays.copyOf(numbers, numbers.length + 1);
        for (int i = 0; i < numbers.length; i++) {
            result[i] *= factor;
        }
        result[numbers.length] = last;
        return result;
    }
}
