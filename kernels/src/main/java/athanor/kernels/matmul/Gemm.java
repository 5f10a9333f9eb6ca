package athanor.kernels.matmul;

import athanor.kernels.parallel.Parallel;
import athanor.kernels.parallel.Scratch;

/// Products of float matrices that lie in arrays row after row. A matrix starts at an offset, and
/// its leading dimension (`lda`, `ldb`, `ldc`) is the number of elements from one row to the next,
/// as in BLAS.
public final class Gemm {
    /// Rows of C that make a piece: enough to use what is read of B often.
    private static final int BLOCK_ROWS = 240 / Tiles.ROWS * Tiles.ROWS;

    private static final int PIECES = 16;

    /// Numbers of B that are packed at a time, and rows and columns of it that one thread packs.
    private static final int PACKED = 4 << 20;

    private static final int PACKED_ROWS = 256;

    /// Panels of B that a piece packs for itself.
    private static final int FEW_PANELS = 8;

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
        multiply(
                transposeA,
                transposeB,
                m,
                n,
                k,
                a,
                aOffset,
                lda,
                b,
                bOffset,
                ldb,
                c,
                cOffset,
                ldc,
                accumulate,
                NoEpilogue.NONE);
    }

    /// The same, with something done to C in the end.
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
            boolean accumulate,
            Epilogue epilogue) {
        if (m == 0 || n == 0) {
            return;
        }
        if (k == 0) {
            if (!accumulate) {
                Panels.zero(m, n, c, cOffset, ldc);
            }
            return;
        }
        if (m <= BLOCK_ROWS) {
            float[] left = a;
            if (transposeA) {
                left = Scratch.floats(Scratch.Use.WINDOW, (long) m * k);
                transpose(m, k, a, aOffset, lda, left);
            }
            multiplyFewRows(
                    transposeB,
                    m,
                    n,
                    k,
                    left,
                    transposeA ? 0 : aOffset,
                    transposeA ? k : lda,
                    b,
                    bOffset,
                    ldb,
                    c,
                    cOffset,
                    ldc,
                    accumulate,
                    epilogue);
            return;
        }
        int stage = Math.max(PACKED_ROWS, PACKED / Panels.paddedColumns(n));
        float[] panels =
                Scratch.floats(
                        Scratch.Use.SHARED_PANELS,
                        (long) Math.min(k, stage) * Panels.paddedColumns(n));
        for (int from = 0; from < k; from += stage) {
            int depth = Math.min(stage, k - from);
            pack(transposeB, depth, n, b, bOffset + from * (transposeB ? 1 : ldb), ldb, panels);
            float[] left = a;
            if (transposeA) {
                left = Scratch.floats(Scratch.Use.ROWS, (long) m * depth);
                transpose(m, depth, a, aOffset + from * lda, lda, left);
            }
            multiplyPacked(
                    m,
                    n,
                    depth,
                    left,
                    transposeA ? 0 : aOffset + from,
                    transposeA ? depth : lda,
                    panels,
                    c,
                    cOffset,
                    ldc,
                    accumulate || from > 0,
                    from + depth == k ? epilogue : NoEpilogue.NONE);
        }
    }

    /// Where there is one block of rows, B is used once: each piece packs what it multiplies next,
    /// and finds it in its own cache.
    private static void multiplyFewRows(
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
            boolean accumulate,
            Epilogue epilogue) {
        int wide = (n + Tiles.PANEL - 1) / Tiles.PANEL;
        int blockColumns = Math.clamp(wide / PIECES, 1, FEW_PANELS) * Tiles.PANEL;
        int stage = Math.min(k, Tiles.blockDepth(blockColumns));
        epilogue.begin(1);
        Parallel.range(
                (n + blockColumns - 1) / blockColumns,
                1,
                (block, end) -> {
                    int column = block * blockColumns;
                    int columns = Math.min(blockColumns, n - column);
                    float[] panels =
                            Scratch.floats(Scratch.Use.PANELS, (long) stage * blockColumns);
                    int[] aRows = rows(Scratch.Use.ROWS, m, lda);
                    int[] cRows = rows(Scratch.Use.TILE, m, ldc);
                    for (int from = 0; from < k; from += stage) {
                        int depth = Math.min(stage, k - from);
                        int source =
                                bOffset + (transposeB ? column * ldb + from : from * ldb + column);
                        Panels.pack(
                                transposeB, depth, columns, b, source, ldb, panels, 0, 0, depth);
                        Tiles.multiply(
                                m,
                                columns,
                                new Runs(columns).add(0, depth),
                                a,
                                aOffset + from,
                                aRows,
                                1,
                                panels,
                                0,
                                c,
                                cOffset + column,
                                cRows,
                                accumulate || from > 0,
                                from + depth == k ? epilogue : NoEpilogue.NONE,
                                0);
                    }
                });
    }

    private static void pack(
            boolean transposed, int depth, int n, float[] b, int bOffset, int ldb, float[] panels) {
        int bands = (depth + PACKED_ROWS - 1) / PACKED_ROWS;
        int wide = (n + Tiles.PANEL - 1) / Tiles.PANEL;
        Parallel.range(
                bands * wide,
                1,
                (piece, end) -> {
                    int row = piece % bands * PACKED_ROWS;
                    int column = piece / bands * Tiles.PANEL;
                    Panels.pack(
                            transposed,
                            Math.min(PACKED_ROWS, depth - row),
                            Math.min(Tiles.PANEL, n - column),
                            b,
                            bOffset
                                    + row * (transposed ? 1 : ldb)
                                    + column * (transposed ? ldb : 1),
                            ldb,
                            panels,
                            column * depth,
                            row,
                            depth);
                });
    }

    private static void transpose(int m, int depth, float[] a, int aOffset, int lda, float[] rows) {
        Parallel.range(
                m,
                PACKED_ROWS,
                (row, end) ->
                        Panels.packTransposed(
                                end - row, depth, a, aOffset + row, lda, rows, row * depth, depth));
    }

    private static void multiplyPacked(
            int m,
            int n,
            int depth,
            float[] a,
            int aOffset,
            int lda,
            float[] panels,
            float[] c,
            int cOffset,
            int ldc,
            boolean accumulate,
            Epilogue epilogue) {
        int blockRows = Math.max(BLOCK_ROWS, Tiles.tableLength((m + 31) / 32));
        int rowBlocks = (m + blockRows - 1) / blockRows;
        int wide = (n + Tiles.PANEL - 1) / Tiles.PANEL;
        int columnBlocks = Math.clamp(PIECES / rowBlocks, 1, wide);
        int blockColumns = (wide + columnBlocks - 1) / columnBlocks * Tiles.PANEL;
        Runs run = new Runs(Math.min(n, blockColumns)).add(0, depth);
        epilogue.begin(rowBlocks);
        Parallel.range(
                rowBlocks * columnBlocks,
                1,
                (block, end) -> {
                    int row = block / columnBlocks * blockRows;
                    int column = block % columnBlocks * blockColumns;
                    if (column >= n) {
                        return;
                    }
                    int rows = Math.min(blockRows, m - row);
                    Tiles.multiply(
                            rows,
                            Math.min(blockColumns, n - column),
                            run,
                            a,
                            aOffset + row * lda,
                            rows(Scratch.Use.ROWS, rows, lda),
                            1,
                            panels,
                            column * depth,
                            c,
                            cOffset + row * ldc + column,
                            rows(Scratch.Use.TILE, rows, ldc),
                            accumulate,
                            epilogue,
                            block / columnBlocks);
                });
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
