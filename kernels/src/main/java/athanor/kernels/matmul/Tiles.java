package athanor.kernels.matmul;

import athanor.kernels.parallel.Scratch;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The product of rows of A with packed panels of B, tile by tile: what matrix products,
/// convolutions and their gradients have in common.
///
/// A is not packed. A tile reads some rows, each from its own place in memory; so a row may as well
/// be what a filter sees of an image (indirect convolution, Dukhan 2019), and no matrix of patches
/// is ever written. Rows of C lie at places of their own, too. B, which every tile reads again, is
/// packed, in blocks that stay in the second cache.
public final class Tiles {
    private static final int LANES = TileStamp.SPECIES.length();

    /// Thirteen rows by two vectors fill 26 of AVX-512's 32 vector registers with sums, and are one
    /// row more than five tiles of 64; six by two, 12 of AVX2's 16; six by four, 24 of NEON's 32.
    public static final int ROWS = LANES >= 16 ? 13 : 6;

    /// Whether the machine has 16 vector registers: AVX2.
    static final boolean FEW_REGISTERS =
            LANES < 16 && !System.getProperty("os.arch").equals("aarch64");

    private static final int VECTORS = LANES < 16 && !FEW_REGISTERS ? 4 : 2;

    /// The columns of a full tile.
    public static final int PANEL = VECTORS * LANES;

    /// The distance of packed columns of A in memory: whole vectors.
    public static final int COLUMNS = (ROWS + LANES - 1) / LANES * LANES;

    /// Columns of B that are swept together, and how many numbers of B that may be: half a
    /// megabyte.
    private static final int BLOCK_COLUMNS = 256 / PANEL * PANEL;

    private static final int BLOCK = 96 * 1024;

    /// By stride: `[accumulate][vectors - 1]`
    private static final Map<Integer, Tile[][]> TILES = new ConcurrentHashMap<>();

    /// The rows of the tile that takes what does not fill one.
    private static final int[] NARROW_ROWS = narrowRows();

    private Tiles() {}

    private static int[] narrowRows() {
        int[] rows = new int[ROWS];
        for (int i = 0; i < ROWS; i++) {
            rows[i] = i * PANEL;
        }
        return rows;
    }

    private static Tile[][] tiles(int aStride) {
        Tile[][] stamped = TILES.get(aStride); // Takes no lock, as all threads come here often.
        return stamped != null ? stamped : TILES.computeIfAbsent(aStride, Tiles::stamp);
    }

    private static Tile[][] stamp(int aStride) {
        Tile[][] tiles = new Tile[2][VECTORS];
        for (int v = 0; v < VECTORS; v++) {
            tiles[0][v] = new TileStamp(ROWS, v + 1, false, aStride).stamp();
            tiles[1][v] = new TileStamp(ROWS, v + 1, true, aStride).stamp();
        }
        return tiles;
    }

    /// How much depth of B of that many columns makes a block.
    public static int blockDepth(int columns) {
        return BLOCK / Math.max(PANEL, Math.min(columns, BLOCK_COLUMNS));
    }

    /// The length of a table of that many rows: full tiles.
    public static int tableLength(int rows) {
        return (rows + ROWS - 1) / ROWS * ROWS;
    }

    /// Fills the last tile of a table of rows by repeating the last row: computed twice, written
    /// twice, the same.
    public static void fillTable(int[] table, int rows) {
        for (int i = rows; i < tableLength(rows); i++) {
            table[i] = table[rows - 1];
        }
    }

    /// `C[i, j] (+)= sum over k of A[i, k] B[k, j]`.
    ///
    /// @param rows how many i; both tables are filled by [#fillTable]
    /// @param a holds row i of A at `aShift + aRows[i]`, in the given runs
    /// @param aStride 1, or the distance of two numbers in a run; then A lies in columns: the rows
    /// of a tile are neighbours in memory, and what lies behind the last is read, but not used.
    /// There should be few strides: each has code of its own
    /// @param panels B as [Panels] packs it, its depth that of the runs
    /// @param c holds row i of C at `cShift + cRows[i]`
    /// @param epilogue what is done to C in the end, of which this is the given piece
    public static void multiply(
            int rows,
            int n,
            Runs runs,
            float[] a,
            int aShift,
            int[] aRows,
            int aStride,
            float[] panels,
            int panelsOffset,
            float[] c,
            int cShift,
            int[] cRows,
            boolean accumulate,
            Epilogue epilogue,
            int piece) {
        Tile[][] tiles = tiles(aStride);
        for (int column = 0; column < n; column += BLOCK_COLUMNS) {
            int columnEnd = Math.min(n, column + BLOCK_COLUMNS);
            int depth = 0;
            for (int run = 0; run < runs.count(); ) {
                int runEnd = run;
                int blockDepth = 0;
                while (runEnd < runs.count()
                        && (runEnd == run || blockDepth + runs.depth(runEnd) <= blockDepth(n))) {
                    blockDepth += runs.depth(runEnd++);
                }
                for (int row = 0; row < rows; row += ROWS) {
                    for (int j = column; j < columnEnd; j += PANEL) {
                        int width = Panels.width(n, j);
                        int offset = panelsOffset + j * runs.depth() + depth * width;
                        boolean add = accumulate || run > 0;
                        boolean whole = aStride == 1 || row + ROWS <= rows;
                        if (whole && n - j >= width) {
                            multiplyTile(
                                    tiles,
                                    width,
                                    runs,
                                    run,
                                    runEnd,
                                    a,
                                    aShift,
                                    aRows,
                                    row,
                                    panels,
                                    offset,
                                    c,
                                    cShift + j,
                                    cRows,
                                    row,
                                    add);
                            continue;
                        }
                        float[] narrow = Scratch.floats(Scratch.Use.TILE, (long) ROWS * PANEL);
                        multiplyTile(
                                tiles,
                                width,
                                runs,
                                run,
                                runEnd,
                                a,
                                aShift,
                                aRows,
                                row,
                                panels,
                                offset,
                                narrow,
                                0,
                                NARROW_ROWS,
                                0,
                                false);
                        for (int i = 0; i < Math.min(ROWS, rows - row); i++) {
                            putNarrow(
                                    narrow,
                                    i * PANEL,
                                    c,
                                    cShift + j + cRows[row + i],
                                    Math.min(width, n - j),
                                    add);
                        }
                    }
                    if (epilogue != NoEpilogue.NONE && runEnd == runs.count()) {
                        int rowEnd = Math.min(row + ROWS, rows);
                        int wide = columnEnd - column;
                        epilogue.apply(piece, c, cShift + column, cRows, row, rowEnd, wide);
                    }
                }
                depth += blockDepth;
                run = runEnd;
            }
        }
    }

    private static void multiplyTile(
            Tile[][] tiles,
            int width,
            Runs runs,
            int firstRun,
            int runEnd,
            float[] a,
            int aShift,
            int[] aRows,
            int aRow,
            float[] panels,
            int panelOffset,
            float[] c,
            int cShift,
            int[] cRows,
            int cRow,
            boolean accumulate) {
        int offset = panelOffset;
        for (int run = firstRun; run < runEnd; run++) {
            Tile tile = tiles[accumulate || run > firstRun ? 1 : 0][width / LANES - 1];
            tile.run(
                    runs.depth(run),
                    a,
                    aShift + runs.shift(run),
                    aRows,
                    aRow,
                    panels,
                    offset,
                    c,
                    cShift,
                    cRows,
                    cRow);
            offset += runs.depth(run) * width;
        }
    }

    private static void putNarrow(
            float[] tile, int offset, float[] c, int cOffset, int columns, boolean add) {
        for (int j = 0; j < columns; j++) {
            c[cOffset + j] = add ? c[cOffset + j] + tile[offset + j] : tile[offset + j];
        }
    }
}
