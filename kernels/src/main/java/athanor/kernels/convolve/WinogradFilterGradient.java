package athanor.kernels.convolve;

import static athanor.kernels.convolve.WinogradTransform.ELEMENTS;
import static athanor.kernels.convolve.WinogradTransform.LANES;
import static athanor.kernels.convolve.WinogradTransform.SIDE;

import athanor.kernels.matmul.NoEpilogue;
import athanor.kernels.matmul.Panels;
import athanor.kernels.matmul.Runs;
import athanor.kernels.matmul.Tiles;
import athanor.kernels.parallel.Parallel;
import athanor.kernels.parallel.Scratch;

/// The gradient of 3x3 and 5x5 filters of stride 1 by Winograd's tiles; see [Winograd]. Each
/// element of the transformed filters is a product `K x C` whose sum runs over all tiles of all
/// images. Where there are many filters and channels, a piece makes a block of them, whose sums
/// stay in the second cache until they are transformed back. Where there are few, the tiles are cut
/// into parts, as many as the shape says, whose sums are added in their order.
record WinogradFilterGradient(
        Windows in,
        Windows out,
        int batch,
        int filterSide,
        int parts,
        int partTiles,
        int filterBlock,
        int channelBlock) {
    private static final int PIECE = 300_000;
    private static final int LEAST_TILES = 48;
    private static final int MOST_TILES = 96;
    private static final int PIECES = 8;
    /// Filters of a piece, at most where the shape alone gives pieces enough, and channels of a
    /// block.
    private static final int FILTERS = 128;

    private static final int CHANNELS = 64;

    /// Numbers of partial sums that are worth having.
    private static final int MOST_SUMS = 10_000_000;

    static WinogradFilterGradient of(ConvolutionGeometry g) {
        int step = SIDE + 1 - g.filterHeight();
        Windows in =
                Windows.covering(
                        g.outputHeight(),
                        g.outputWidth(),
                        g.height(),
                        g.width(),
                        g.channels(),
                        SIDE,
                        step,
                        g.paddingHeight(),
                        g.paddingWidth());
        Windows out =
                Windows.covering(
                        g.outputHeight(),
                        g.outputWidth(),
                        g.outputHeight(),
                        g.outputWidth(),
                        g.filters(),
                        step,
                        step,
                        0,
                        0);
        int tiles = g.batch() * in.tilesPerImage();
        if ((g.filters() / FILTERS) * (g.channels() / CHANNELS) >= PIECES) {
            return new WinogradFilterGradient(
                    in, out, g.batch(), g.filterHeight(), 1, tiles, FILTERS, CHANNELS);
        }
        int blocks = (g.filters() + FILTERS - 1) / FILTERS;
        long sums = (long) ELEMENTS * g.filters() * Panels.paddedColumns(g.channels());
        int wanted =
                (int) Math.min(PIECES / blocks, Math.min(tiles / LEAST_TILES, MOST_SUMS / sums));
        int partTiles = (tiles + Math.max(1, wanted) - 1) / Math.max(1, wanted);
        int parts = (tiles + partTiles - 1) / partTiles;
        int left = Math.max(blocks, PIECES / parts);
        int filterBlock = Math.max(Tiles.tableLength((g.filters() + left - 1) / left), 60);
        return new WinogradFilterGradient(
                in,
                out,
                g.batch(),
                g.filterHeight(),
                parts,
                partTiles,
                filterBlock,
                Panels.paddedColumns(g.channels()));
    }

    void run(float[] x, float[] dy, float[] dw) {
        if (channelBlock < in.depth()) {
            runBlocks(x, dy, dw);
        } else {
            runParts(x, dy, dw);
        }
    }

    private void runBlocks(float[] x, float[] dy, float[] dw) {
        int wide = (in.depth() + channelBlock - 1) / channelBlock;
        int high = (out.depth() + filterBlock - 1) / filterBlock;
        Parallel.range(
                wide * high,
                1,
                (piece, end) -> {
                    int filter = piece / wide * filterBlock;
                    int channel = piece % wide * channelBlock;
                    int filters = Math.min(filterBlock, out.depth() - filter);
                    int channels = Math.min(channelBlock, in.depth() - channel);
                    int padded = Panels.paddedColumns(channels);
                    int stride = filters * padded + LANES;
                    float[] sums =
                            Scratch.floats(Scratch.Use.PARTIAL_SUMS, (long) ELEMENTS * stride);
                    sumPiece(x, dy, 0, filter, filters, channel, channels, sums, 0, stride);
                    for (int k = 0; k < filters; k++) {
                        transformBack(
                                sums, k * padded, stride, 0, filter + k, channel, channels, dw);
                    }
                });
    }

    private void runParts(float[] x, float[] dy, float[] dw) {
        int filters = out.depth();
        int channels = in.depth();
        int padded = Panels.paddedColumns(channels);
        int sumStride = filters * padded;
        int partStride = ELEMENTS * sumStride;
        float[] sums = Scratch.floats(Scratch.Use.PARTIAL_SUMS, (long) parts * partStride);
        int blocks = (filters + filterBlock - 1) / filterBlock;
        Parallel.range(
                parts * blocks,
                1,
                (piece, end) -> {
                    int filter = piece % blocks * filterBlock;
                    int offset = piece / blocks * partStride + filter * padded;
                    int count = Math.min(filterBlock, filters - filter);
                    int part = piece / blocks;
                    sumPiece(x, dy, part, filter, count, 0, channels, sums, offset, sumStride);
                });
        Parallel.range(
                filters,
                4,
                (from, to) -> {
                    for (int k = from; k < to; k++) {
                        transformBack(sums, k * padded, sumStride, partStride, k, 0, channels, dw);
                    }
                });
    }

    private void sumPiece(
            float[] x,
            float[] dy,
            int part,
            int filter,
            int filters,
            int channel,
            int channels,
            float[] sums,
            int sumOffset,
            int sumStride) {
        int paddedChannels = Panels.paddedColumns(channels);
        int paddedFilters = Panels.paddedColumns(filters);
        int end = Math.min(batch * in.tilesPerImage(), (part + 1) * partTiles);
        int fitting = PIECE / (ELEMENTS * (paddedChannels + paddedFilters));
        int most = Math.max(LEAST_TILES, Math.min(fitting, MOST_TILES));
        int vStride = most * paddedChannels + LANES;
        int mStride = most * paddedFilters + LANES;
        float[] v = Scratch.floats(Scratch.Use.PANELS, (long) ELEMENTS * vStride);
        float[] m = Scratch.floats(Scratch.Use.ROWS, (long) ELEMENTS * mStride);
        float[] work =
                Scratch.floats(
                        Scratch.Use.TILE, (long) Tiles.ROWS * Tiles.PANEL + WinogradTransform.WORK);
        int[] columnRows = Scratch.ints(Scratch.Use.ROWS, Tiles.tableLength(filters));
        float[] columns = Scratch.floats(Scratch.Use.COLUMNS, Panels.packedColumns(most, filters));
        int[] sumRows = Winograd.rows(Scratch.Use.TILE, filters, paddedChannels);
        for (int first = part * partTiles; first < end; first += most) {
            int tiles = Math.min(most, end - first);
            for (int t = 0; t < tiles; t++) {
                transformInput(x, first + t, channel, channels, t, tiles, v, vStride, work);
                transformOutputGradient(
                        dy, first + t, filter, filters, m, t * paddedFilters, mStride, work);
            }
            Runs runs = new Runs(paddedChannels).add(0, tiles);
            Panels.columnTable(tiles, filters, columnRows);
            for (int e = 0; e < ELEMENTS; e++) {
                Panels.packColumns(m, e * mStride, paddedFilters, tiles, filters, columns);
                Tiles.multiply(
                        filters,
                        paddedChannels,
                        runs,
                        columns,
                        0,
                        columnRows,
                        Tiles.COLUMNS,
                        v,
                        e * vStride,
                        sums,
                        sumOffset + e * sumStride,
                        sumRows,
                        first > part * partTiles,
                        NoEpilogue.NONE,
                        0);
            }
        }
    }

    /// Tile t of the piece, in the panels that a product takes: a panel of channels at a time.
    private void transformInput(
            float[] x,
            int tile,
            int firstChannel,
            int channels,
            int t,
            int tiles,
            float[] v,
            int vStride,
            float[] work) {
        int depth = in.depth();
        int padded = Panels.paddedColumns(channels);
        boolean direct = depth % LANES == 0 && in.isInside(tile);
        float[] source = x;
        if (!direct) {
            source = Scratch.floats(Scratch.Use.WINDOW, (long) ELEMENTS * padded);
            in.read(x, tile, firstChannel, channels, source, padded);
        }
        int offset = direct ? in.offset(tile) + firstChannel : 0;
        int columnStride = direct ? depth : padded;
        int lineStride = (direct ? in.width() : SIDE) * columnStride;
        for (int channel = 0; channel < padded; channel += Tiles.PANEL) {
            int width = Panels.width(padded, channel);
            WinogradTransform.input(
                    source,
                    offset + channel,
                    lineStride,
                    columnStride,
                    width,
                    v,
                    channel * tiles + t * width,
                    vStride,
                    work);
        }
    }

    private void transformOutputGradient(
            float[] dy,
            int tile,
            int filter,
            int filters,
            float[] m,
            int mOffset,
            int mStride,
            float[] work) {
        int depth = out.depth();
        boolean direct = filters % LANES == 0 && out.isInside(tile);
        int padded = Panels.paddedColumns(filters);
        float[] source = dy;
        if (!direct) {
            source = Scratch.floats(Scratch.Use.WINDOW, (long) out.side() * out.side() * padded);
            out.read(dy, tile, filter, filters, source, padded);
        }
        int offset = direct ? out.offset(tile) + filter : 0;
        int columnStride = direct ? depth : padded;
        int lineStride = (direct ? out.width() : out.side()) * columnStride;
        if (filterSide == 3) {
            WinogradTransform.outputGradient(
                    source, offset, lineStride, columnStride, padded, m, mOffset, mStride, work);
        } else {
            WinogradTransform5.outputGradient(
                    source, offset, lineStride, columnStride, padded, m, mOffset, mStride, work);
        }
    }

    /// Filter k's sums, the first of which lies at `offset`, become the gradients of `channels` of
    /// its channels.
    private void transformBack(
            float[] sums,
            int offset,
            int sumStride,
            int partStride,
            int k,
            int channel,
            int channels,
            float[] dw) {
        int depth = in.depth();
        int padded = Panels.paddedColumns(channels);
        int taps = filterSide * filterSide;
        float[] work = Scratch.floats(Scratch.Use.TILE, WinogradTransform.WORK);
        boolean direct = channels == padded;
        int at = k * taps * depth + channel;
        float[] target = direct ? dw : Scratch.floats(Scratch.Use.WINDOW, (long) taps * padded);
        int targetAt = direct ? at : 0;
        int tapStride = direct ? depth : padded;
        if (filterSide == 3) {
            WinogradTransform.filterGradient(
                    sums,
                    offset,
                    sumStride,
                    parts,
                    partStride,
                    padded,
                    target,
                    targetAt,
                    tapStride,
                    work);
        } else {
            WinogradTransform5.filterGradient(
                    sums,
                    offset,
                    sumStride,
                    parts,
                    partStride,
                    padded,
                    target,
                    targetAt,
                    tapStride,
                    work);
        }
        for (int tap = 0; tap < taps && !direct; tap++) {
            System.arraycopy(target, tap * padded, dw, at + tap * depth, channels);
        }
    }
}
