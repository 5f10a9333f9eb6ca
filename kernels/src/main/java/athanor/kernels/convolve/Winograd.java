package athanor.kernels.convolve;

import static athanor.kernels.convolve.WinogradTransform.ELEMENTS;
import static athanor.kernels.convolve.WinogradTransform.LANES;
import static athanor.kernels.convolve.WinogradTransform.SIDE;

import athanor.kernels.layout.Transpose;
import athanor.kernels.matmul.Epilogue;
import athanor.kernels.matmul.NoEpilogue;
import athanor.kernels.matmul.Panels;
import athanor.kernels.matmul.Runs;
import athanor.kernels.matmul.Tiles;
import athanor.kernels.parallel.Parallel;
import athanor.kernels.parallel.Scratch;
import java.util.Arrays;

/// A 3x3 or 5x5 filter of stride 1 that runs over images, forward or backward, by Winograd's F(4x4,
/// 3x3), 36 multiplications instead of 144 for 16 outputs, or F(2x2, 5x5), 36 instead of 100 for 4;
/// see [WinogradTransform] and [WinogradTransform5]. A piece transforms some tiles, multiplies
/// element (i, j) of all of them with that of the filters in 36 products, and transforms back, so
/// that all it writes on the way stays in the second cache.
record Winograd(Windows in, Windows out, int batch, int filterSide) {
    /// Tiles of a piece: numbers of transformed tiles that fit half a second cache, and how many
    /// tiles make it worth to read the filters, which may not fit.
    private static final int PIECE = 300_000;

    private static final int LEAST_TILES = Tiles.tableLength(48);
    private static final int MOST_TILES = Tiles.tableLength(96);
    private static final int PIECES = 8;

    static Winograd forward(ConvolutionGeometry g) {
        return of(
                g.batch(),
                g.height(),
                g.width(),
                g.channels(),
                g.paddingHeight(),
                g.paddingWidth(),
                g.outputHeight(),
                g.outputWidth(),
                g.filters(),
                g.filterHeight());
    }

    /// The gradient of the input is the convolution of dy, padded by what the filter reaches less
    /// the padding, with the filters turned around.
    static Winograd inputGradient(ConvolutionGeometry g) {
        return of(
                g.batch(),
                g.outputHeight(),
                g.outputWidth(),
                g.filters(),
                g.filterHeight() - 1 - g.paddingHeight(),
                g.filterWidth() - 1 - g.paddingWidth(),
                g.height(),
                g.width(),
                g.channels(),
                g.filterHeight());
    }

    private static Winograd of(
            int batch,
            int height,
            int width,
            int depth,
            int top,
            int left,
            int outHeight,
            int outWidth,
            int outDepth,
            int filterSide) {
        int step = SIDE + 1 - filterSide;
        return new Winograd(
                Windows.covering(outHeight, outWidth, height, width, depth, SIDE, step, top, left),
                Windows.covering(
                        outHeight, outWidth, outHeight, outWidth, outDepth, step, step, 0, 0),
                batch,
                filterSide);
    }

    /// The filters `w [K, 3, 3, C]` transformed for the forward direction: for each element a
    /// matrix `C x K` in panels.
    float[] packForward(float[] w) {
        int k = out.depth();
        int c = in.depth();
        float[] turned = Scratch.floats(Scratch.Use.PARTIAL_SUMS, (long) taps() * c * k);
        Transpose.run(w, new int[] {k, taps() * c}, new int[] {1, 0}, turned);
        return pack(turned, 0, c * k, k);
    }

    /// The same for the gradient of the input: matrices `K x C` of filters turned around.
    float[] packGradient(float[] w) {
        int c = out.depth();
        return pack(w, (taps() - 1) * c, -c, taps() * c);
    }

    private int taps() {
        return filterSide * filterSide;
    }

    /// @param tapStride from one tap to the next, for the same place of the matrix
    /// @param rowStride from one row of the matrix to the next
    private float[] pack(float[] w, int offset, int tapStride, int rowStride) {
        int rows = in.depth();
        int columns = out.depth();
        int matrix = rows * Panels.paddedColumns(columns);
        float[] panels = Scratch.floats(Scratch.Use.SHARED_PANELS, (long) ELEMENTS * matrix);
        int panelsWide = (columns + Tiles.PANEL - 1) / Tiles.PANEL;
        int bands = (rows + 31) / 32;
        Parallel.range(
                panelsWide * bands,
                1,
                (piece, end) -> {
                    int column = piece / bands * Tiles.PANEL;
                    int width = Panels.width(columns, column);
                    int used = Math.min(width, columns - column);
                    float[] work = Scratch.floats(Scratch.Use.TILE, WinogradTransform.WORK);
                    float[] taps = Scratch.floats(Scratch.Use.WINDOW, (long) taps() * width);
                    for (int row = piece % bands * 32;
                            row < Math.min(rows, piece % bands * 32 + 32);
                            row++) {
                        int from = offset + row * rowStride + column;
                        int to = column * rows + row * width;
                        if (used == width) {
                            transformFilter(w, from, tapStride, width, panels, to, matrix, work);
                            continue;
                        }
                        for (int tap = 0; tap < taps(); tap++) {
                            Arrays.fill(taps, tap * width, (tap + 1) * width, 0);
                            System.arraycopy(w, from + tap * tapStride, taps, tap * width, used);
                        }
                        transformFilter(taps, 0, width, width, panels, to, matrix, work);
                    }
                });
        return panels;
    }

    private void transformFilter(
            float[] g,
            int gOffset,
            int tapStride,
            int channels,
            float[] u,
            int uOffset,
            int uStride,
            float[] work) {
        if (filterSide == 3) {
            WinogradTransform.filter(g, gOffset, tapStride, channels, u, uOffset, uStride, work);
        } else {
            WinogradTransform5.filter(g, gOffset, tapStride, channels, u, uOffset, uStride, work);
        }
    }

    /// Writes all of y.
    void run(float[] x, float[] filters, float[] y, Epilogue epilogue) {
        int tiles = batch * in.tilesPerImage();
        int columns = out.depth();
        int fitting = PIECE / (ELEMENTS * (in.depth() + columns));
        int most = Math.max(LEAST_TILES, Math.min(fitting, MOST_TILES));
        int pieces = (tiles + most - 1) / most;
        int pieceTiles = Tiles.tableLength((tiles + pieces - 1) / pieces);
        int tileBlocks = (tiles + pieceTiles - 1) / pieceTiles;
        int wantedBlocks = Math.max(1, PIECES / tileBlocks);
        int panels = (columns + Tiles.PANEL - 1) / Tiles.PANEL;
        int blockColumns = Math.max(2, (panels + wantedBlocks - 1) / wantedBlocks) * Tiles.PANEL;
        int columnBlocks = (columns + blockColumns - 1) / blockColumns;
        Runs runs = new Runs(Math.min(columns, blockColumns)).add(0, in.depth());
        epilogue.begin(tileBlocks);
        Parallel.range(
                tileBlocks * columnBlocks,
                1,
                (piece, end) -> {
                    int tile = piece / columnBlocks * pieceTiles;
                    int column = piece % columnBlocks * blockColumns;
                    runPiece(
                            x,
                            filters,
                            runs,
                            tile,
                            Math.min(pieceTiles, tiles - tile),
                            column,
                            Math.min(blockColumns, columns - column),
                            y,
                            epilogue,
                            piece / columnBlocks);
                });
    }

    private void runPiece(
            float[] x,
            float[] filters,
            Runs runs,
            int firstTile,
            int tiles,
            int column,
            int columns,
            float[] y,
            Epilogue epilogue,
            int piece) {
        int depth = in.depth();
        int paddedDepth = Panels.paddedColumns(depth);
        int paddedColumns = Panels.paddedColumns(columns);
        // An odd number of vectors, or all elements of a tile would compete for the same cache
        // lines.
        int vStride = tiles * paddedDepth + LANES;
        int mStride = tiles * paddedColumns + LANES;
        float[] v = Scratch.floats(Scratch.Use.ROWS, (long) ELEMENTS * vStride);
        float[] m = Scratch.floats(Scratch.Use.PANELS, (long) ELEMENTS * mStride);
        float[] work =
                Scratch.floats(
                        Scratch.Use.TILE, (long) Tiles.ROWS * Tiles.PANEL + WinogradTransform.WORK);
        int[] vRows = rows(Scratch.Use.ROWS, tiles, paddedDepth);
        int[] mRows = rows(Scratch.Use.TILE, tiles, paddedColumns);
        for (int t = 0; t < tiles; t++) {
            transformInput(x, firstTile + t, v, t * paddedDepth, vStride, work);
        }
        int matrix = depth * Panels.paddedColumns(out.depth());
        for (int e = 0; e < ELEMENTS; e++) {
            Tiles.multiply(
                    tiles,
                    columns,
                    runs,
                    v,
                    e * vStride,
                    vRows,
                    1,
                    filters,
                    e * matrix + column * depth,
                    m,
                    e * mStride,
                    mRows,
                    false,
                    NoEpilogue.NONE,
                    0);
        }
        for (int t = 0; t < tiles; t++) {
            int tile = firstTile + t;
            transformOutput(m, t * paddedColumns, mStride, tile, column, columns, y, work);
            if (epilogue != NoEpilogue.NONE) {
                out.finish(y, tile, column, columns, epilogue, piece);
            }
        }
    }

    private void transformInput(
            float[] x, int tile, float[] v, int vOffset, int vStride, float[] work) {
        int depth = in.depth();
        if (depth % LANES == 0 && in.isInside(tile)) {
            WinogradTransform.input(
                    x,
                    in.offset(tile),
                    in.width() * depth,
                    depth,
                    depth,
                    v,
                    vOffset,
                    vStride,
                    work);
            return;
        }
        int padded = Panels.paddedColumns(depth);
        float[] window = Scratch.floats(Scratch.Use.WINDOW, (long) ELEMENTS * padded);
        in.read(x, tile, 0, depth, window, padded);
        WinogradTransform.input(
                window, 0, SIDE * padded, padded, padded, v, vOffset, vStride, work);
    }

    private void transformOutput(
            float[] m,
            int mOffset,
            int mStride,
            int tile,
            int column,
            int columns,
            float[] y,
            float[] work) {
        int depth = out.depth();
        if (columns % LANES == 0 && out.isInside(tile)) {
            int at = out.offset(tile) + column;
            backTransform(m, mOffset, mStride, columns, y, at, out.width() * depth, depth, work);
            return;
        }
        int padded = Panels.paddedColumns(columns);
        float[] window =
                Scratch.floats(Scratch.Use.WINDOW, (long) out.side() * out.side() * padded);
        backTransform(m, mOffset, mStride, padded, window, 0, out.side() * padded, padded, work);
        out.write(window, padded, tile, column, columns, y);
    }

    private void backTransform(
            float[] m,
            int mOffset,
            int mStride,
            int channels,
            float[] y,
            int yOffset,
            int lineStride,
            int columnStride,
            float[] work) {
        if (filterSide == 3) {
            WinogradTransform.output(
                    m, mOffset, mStride, channels, y, yOffset, lineStride, columnStride, work);
        } else {
            WinogradTransform5.output(
                    m, mOffset, mStride, channels, y, yOffset, lineStride, columnStride, work);
        }
    }

    static int[] rows(Scratch.Use use, int count, int stride) {
        int[] table = Scratch.ints(use, Tiles.tableLength(count));
        for (int i = 0; i < count; i++) {
            table[i] = i * stride;
        }
        Tiles.fillTable(table, count);
        return table;
    }
}
