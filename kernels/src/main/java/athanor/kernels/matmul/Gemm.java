package athanor.kernels.matmul;

import athanor.kernels.parallel.Parallel;
import athanor.kernels.parallel.Scratch;

/// Products of float matrices that lie in arrays row after row. A matrix starts at an offset, and
/// its leading dimension (`lda`, `ldb`, `ldc`) is the number of elements from one row to the next,
/// as in BLAS.
public final class Gemm {
    /// A block of C is what one thread makes at a time. Its rows use the packed columns of B often
    /// enough that packing does not matter; its columns, to a depth, stay in the second cache.
    private static final int BLOCK_ROWS = 40 * Tiles.ROWS;

    private static final int BLOCK_COLUMNS = 256;
    private static final int BLOCK_DEPTH = 384;

    private Gemm() {}

    /// `C = op(A) op(B)`, or with `accumulate` `C += op(A) op(B)`: C is `m x n`, op(A) `m x k`,
    /// op(B) `k x n`, and op transposes where it is asked to.
    public static void multiply(
            boolean transposeA,
            boolean transposeB,
            int m,
            int n,
            int k,
            float[] a,
            int aOffset,
            int lda,
            float[] b,
            int bOffset,
            int ldb,
            float[] c,
            int cOffset,
            int ldc,
            boolean accumulate) {
        if (m == 0 || n == 0) {
            return;
        }
        if (k == 0) {
            if (!accumulate) {
                Panels.zero(m, n, c, cOffset, ldc);
            }
            return;
        }
        int blockColumns =
                (long) m * n >= 16 * BLOCK_ROWS * BLOCK_COLUMNS ? BLOCK_COLUMNS : Tiles.PANEL;
        int columnBlocks = (n + blockColumns - 1) / blockColumns;
        int blockRows = Math.max(BLOCK_ROWS, Tiles.tableLength((m + 31) / 32 * columnBlocks));
        int rowBlocks = (m + blockRows - 1) / blockRows;
        Parallel.range(
                rowBlocks * columnBlocks,
                1,
                (block, end) -> {
                    int row = block / columnBlocks * blockRows;
                    int column = block % columnBlocks * blockColumns;
                    multiplyBlock(
                            transposeA,
                            transposeB,
                            Math.min(blockRows, m - row),
                            Math.min(blockColumns, n - column),
                            k,
                            a,
                            aOffset + row * (transposeA ? 1 : lda),
                            lda,
                            b,
                            bOffset + column * (transposeB ? ldb : 1),
                            ldb,
                            c,
                            cOffset + row * ldc + column,
                            ldc,
                            accumulate);
                });
    }

    /// One block of C, alone: packs the columns of B it needs, a block of k at a time, and sweeps
    /// its rows.
    private static void multiplyBlock(
            boolean transposeA,
            boolean transposeB,
            int m,
            int n,
            int k,
            float[] a,
            int aOffset,
            int lda,
            float[] b,
            int bOffset,
            int ldb,
            float[] c,
            int cOffset,
            int ldc,
            boolean accumulate) {
        int[] aRows = rows(Scratch.Use.ROWS, m, transposeA ? 1 : lda);
        int[] cRows = rows(Scratch.Use.TILE, m, ldc);
        float[] panels =
                Scratch.floats(Scratch.Use.PANELS, (long) BLOCK_DEPTH * Panels.paddedColumns(n));
        for (int from = 0; from < k; from += BLOCK_DEPTH) {
            int depth = Math.min(BLOCK_DEPTH, k - from);
            int right = bOffset + from * (transposeB ? 1 : ldb);
            Panels.pack(transposeB, depth, n, b, right, ldb, panels, 0, 0, depth);
            int left = aOffset + from * (transposeA ? lda : 1);
            int stride = transposeA ? lda : 1;
            Runs run = new Runs(n).add(0, depth);
            Tiles.multiply(
                    m,
                    n,
                    run,
                    a,
                    left,
                    aRows,
                    stride,
                    panels,
                    0,
                    c,
                    cOffset,
                    cRows,
                    accumulate || from > 0);
        }
    }

    private static int[] rows(Scratch.Use use, int count, int stride) {
        int[] table = Scratch.ints(use, Tiles.tableLength(count));
        for (int i = 0; i < count; i++) {
            table[i] = i * stride;
        }
        Tiles.fillTable(table, count);
        return table;
    }

    /// The same in three loops: what a matrix product is, and what the tests compare with. Sums are
    /// doubles.
    public static void plain(
            boolean transposeA,
            boolean transposeB,
            int m,
            int n,
            int k,
            float[] a,
            int aOffset,
            int lda,
            float[] b,
            int bOffset,
            int ldb,
            float[] c,
            int cOffset,
            int ldc,
            boolean accumulate) {
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = accumulate ? c[cOffset + i * ldc + j] : 0;
                for (int l = 0; l < k; l++) {
                    float left = a[aOffset + (transposeA ? l * lda + i : i * lda + l)];
                    float right = b[bOffset + (transposeB ? j * ldb + l : l * ldb + j)];
                    sum += (double) left * right;
                }
                c[cOffset + i * ldc + j] = (float) sum;
            }
        }
    }
}
