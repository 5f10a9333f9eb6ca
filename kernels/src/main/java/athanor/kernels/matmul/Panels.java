package athanor.kernels.matmul;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The right operand B of a product, `depth x n`, copied so that a [Tile] reads it from front to
/// back: panels of [Tiles#PANEL] columns, one behind the other, each row after row. The last panel
/// is as many vectors wide as it needs, with zeros where B has no column.
public final class Panels {
    private static final VectorSpecies<Float> SPECIES = TileStamp.SPECIES;
    private static final int LANES = SPECIES.length();

    /// How much of a transposed B is read before the next column, so that both sides stay in the
    /// first cache.
    private static final int TRANSPOSED_DEPTH = 16;

    private Panels() {}

    /// The columns that n columns are packed into.
    public static int paddedColumns(int n) {
        return (n + LANES - 1) / LANES * LANES;
    }

    /// The width of the panel that starts at a column of n.
    public static int width(int n, int column) {
        return Math.min(Tiles.PANEL, paddedColumns(n) - column);
    }

    /// Packs rows of B: `rows` of them, to be rows `firstRow` and following of panels that have
    /// `depth` rows in all.
    ///
    /// @param transposed whether `B[k, j]` is at `bOffset + j * ldb + k` and not at `bOffset + k *
    /// ldb + j`
    public static void pack(
            boolean transposed,
            int rows,
            int n,
            float[] b,
            int bOffset,
            int ldb,
            float[] panels,
            int panelsOffset,
            int firstRow,
            int depth) {
        int first = 0;
        if (!transposed) {
            // Row after row, as they lie in memory: what is read one panel after the other has no
            // stream that the processor could fetch ahead.
            first = n / Tiles.PANEL * Tiles.PANEL;
            for (int k = 0; k < rows; k++) {
                int target = panelsOffset + (firstRow + k) * Tiles.PANEL;
                for (int column = 0; column < first; column += Tiles.PANEL) {
                    for (int j = 0; j < Tiles.PANEL; j += LANES) {
                        FloatVector.fromArray(SPECIES, b, bOffset + k * ldb + column + j)
                                .intoArray(panels, target + column * depth + j);
                    }
                }
            }
        }
        for (int column = first; column < n; column += Tiles.PANEL) {
            int width = width(n, column);
            int used = Math.min(width, n - column);
            int target = panelsOffset + column * depth + firstRow * width;
            if (transposed) {
                packTransposed(rows, used, b, bOffset + column * ldb, ldb, panels, target, width);
            } else {
                copy(rows, used, b, bOffset + column, ldb, panels, target, width);
            }
            if (used < width) {
                zero(rows, width - used, panels, target + used, width);
            }
        }
    }

    /// Packs a left operand that lies in columns, `depth` rows of `count` numbers: the columns of a
    /// tile side by side, [Tiles#COLUMNS] apart, and a tile [#columnStride] behind the last. Where
    /// they lie, they may be a power of two apart and fall on the same lines of the first cache.
    public static void packColumns(
            float[] a, int offset, int lda, int depth, int count, float[] columns) {
        int tileStride = columnStride(depth);
        for (int row = 0; row < depth; row++) {
            int source = offset + row * lda;
            int target = row * Tiles.COLUMNS;
            for (int i = 0; i < count; i += Tiles.ROWS) {
                copyRun(a, source + i, Tiles.ROWS, columns, target);
                target += tileStride;
            }
        }
    }

    /// From the packed columns of a tile to those of the next: an odd number of cache lines.
    private static int columnStride(int depth) {
        return depth * Tiles.COLUMNS + 16;
    }

    /// The numbers that [#packColumns] fills.
    public static long packedColumns(int depth, int count) {
        return (long) Tiles.tableLength(count) / Tiles.ROWS * columnStride(depth);
    }

    /// Fills a table of [Tiles] with the places of packed columns.
    public static void columnTable(int depth, int count, int[] table) {
        for (int i = 0; i < count; i++) {
            table[i] = i / Tiles.ROWS * columnStride(depth) + i % Tiles.ROWS;
        }
        Tiles.fillTable(table, count);
    }

    /// Writes `target[k, j] = B[j, k]` for a block of `rows x columns` of the target, whose leading
    /// dimension is `width`.
    static void packTransposed(
            int rows,
            int columns,
            float[] b,
            int bOffset,
            int ldb,
            float[] target,
            int offset,
            int width) {
        for (int first = 0; first < rows; first += TRANSPOSED_DEPTH) {
            int end = Math.min(rows, first + TRANSPOSED_DEPTH);
            for (int j = 0; j < columns; j++) {
                int column = bOffset + j * ldb;
                for (int k = first; k < end; k++) {
                    target[offset + k * width + j] = b[column + k];
                }
            }
        }
    }

    /// Copies a block of `rows x columns` numbers between matrices of the given leading dimensions.
    public static void copy(
            int rows,
            int columns,
            float[] x,
            int xOffset,
            int ldx,
            float[] target,
            int offset,
            int ldt) {
        int vectors = columns / LANES * LANES;
        if (vectors > 0) {
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < vectors; j += LANES) {
                    FloatVector.fromArray(SPECIES, x, xOffset + i * ldx + j)
                            .intoArray(target, offset + i * ldt + j);
                }
            }
        }
        // What is left is narrow: column by column, the inner loop is the longer one.
        for (int j = vectors; j < columns; j++) {
            for (int i = 0; i < rows; i++) {
                target[offset + j + i * ldt] = x[xOffset + j + i * ldx];
            }
        }
    }

    /// Copies a few numbers in whole vectors, which may write up to a vector more than that, or
    /// fewer than asked for where x ends.
    public static void copyRun(float[] x, int from, int count, float[] target, int to) {
        if (from + count + LANES <= x.length) {
            for (int j = 0; j < count; j += LANES) {
                FloatVector.fromArray(SPECIES, x, from + j).intoArray(target, to + j);
            }
            return;
        }
        System.arraycopy(x, from, target, to, Math.min(count, x.length - from));
    }

    /// Writes zeros into a block of `rows x columns` numbers.
    public static void zero(int rows, int columns, float[] target, int offset, int ldt) {
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                target[offset + i * ldt + j] = 0;
            }
        }
    }
}
