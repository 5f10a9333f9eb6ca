package athanor.kernels.pool;

import java.util.Arrays;
import java.util.stream.Stream;

/// The windows that pool images `x [batch, height, width, channels]` into `y [batch, outputHeight,
/// outputWidth, channels]`: output row p looks at the input rows `rowStart[p] <= h < rowEnd[p]`,
/// clipped to the image, and columns likewise. The divisors are what an average divides by: the
/// product of `rowDivisor[p]` and `columnDivisor[q]`.
public record PoolGeometry(
        int batch,
        int height,
        int width,
        int channels,
        int[] rowStart,
        int[] rowEnd,
        int[] rowDivisor,
        int[] columnStart,
        int[] columnEnd,
        int[] columnDivisor) {

    /// Windows of a fixed size that move by a stride. Padding counts as zeros in an average
    /// (PyTorch's `count_include_pad=True`) and never wins a maximum.
    public static PoolGeometry sliding(
            int batch, int height, int width, int channels, int kernel, int stride, int padding) {
        int[][] rows = slide(height, kernel, stride, padding);
        int[][] columns = slide(width, kernel, stride, padding);
        return new PoolGeometry(
                batch,
                height,
                width,
                channels,
                rows[0],
                rows[1],
                rows[2],
                columns[0],
                columns[1],
                columns[2]);
    }

    /// As many windows as asked for, spread evenly: window i covers `floor(i size / count)` to
    /// `ceil((i + 1) size / count)`.
    public static PoolGeometry adaptive(
            int batch, int height, int width, int channels, int outputHeight, int outputWidth) {
        int[][] rows = spread(height, outputHeight);
        int[][] columns = spread(width, outputWidth);
        return new PoolGeometry(
                batch,
                height,
                width,
                channels,
                rows[0],
                rows[1],
                rows[2],
                columns[0],
                columns[1],
                columns[2]);
    }

    public int outputHeight() {
        return rowStart.length;
    }

    public int outputWidth() {
        return columnStart.length;
    }

    /// All windows in one table, as the kernels of a GPU read it: the start, the end and the
    /// divisor of each window of rows, those of columns, and then the first and the last window
    /// that cover each row of the image, and each column.
    public int[] windows() {
        Cover rows = Cover.of(height, rowStart, rowEnd);
        Cover columns = Cover.of(width, columnStart, columnEnd);
        return Stream.of(
                        rowStart,
                        rowEnd,
                        rowDivisor,
                        columnStart,
                        columnEnd,
                        columnDivisor,
                        rows.first(),
                        rows.last(),
                        columns.first(),
                        columns.last())
                .flatMapToInt(Arrays::stream)
                .toArray();
    }

    private static int[][] slide(int size, int kernel, int stride, int padding) {
        int count = (size + 2 * padding - kernel) / stride + 1;
        int[][] windows = new int[3][count];
        for (int i = 0; i < count; i++) {
            int start = i * stride - padding;
            windows[0][i] = Math.max(start, 0);
            windows[1][i] = Math.min(start + kernel, size);
            windows[2][i] = Math.min(start + kernel, size + padding) - start;
        }
        return windows;
    }

    private static int[][] spread(int size, int count) {
        int[][] windows = new int[3][count];
        for (int i = 0; i < count; i++) {
            windows[0][i] = (int) ((long) i * size / count);
            windows[1][i] = (int) (((long) (i + 1) * size + count - 1) / count);
            windows[2][i] = windows[1][i] - windows[0][i];
        }
        return windows;
    }
}
