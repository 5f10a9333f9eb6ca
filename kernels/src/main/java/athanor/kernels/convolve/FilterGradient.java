package athanor.kernels.convolve;

import athanor.kernels.layout.Transpose;
import athanor.kernels.matmul.NoEpilogue;
import athanor.kernels.matmul.Panels;
import athanor.kernels.matmul.Runs;
import athanor.kernels.matmul.Tiles;
import athanor.kernels.parallel.Parallel;
import athanor.kernels.parallel.Scratch;
import java.util.Arrays;

/// The gradient of the filters: `dw = dy^T X`, where `X [N P Q, R S C]` holds what each output
/// place saw. X is never whole: each piece packs the panels of it that it multiplies next. The sum
/// runs over all places of all images, so where dw is small, it is cut into parts, as many as the
/// shape says, whose sums are added in their order.
///
/// dy, whose columns are the rows of tiles, is packed too, the columns of a tile side by side.
///
/// Where X has few columns, or few channels, `dw^T = X^T dy` is made instead: rows of X are copied
/// line by line of the filter, then their columns, and dy fills whole vectors.
record FilterGradient(
        ConvolutionGeometry geometry,
        int parts,
        int partRows,
        int blocks,
        int filterBlock,
        boolean transposed) {
    /// Output places whose X is packed at a time, and columns of it: together half a megabyte.
    private static final int DEPTH = 256;

    private static final int BLOCK_COLUMNS = 576 / Tiles.PANEL * Tiles.PANEL;

    private static final int NEAR = 16;
    private static final int PIECES = 16;
    private static final int LEAST_PART = 4 * DEPTH;
    private static final int LEAST_FILTERS = 20 * Tiles.ROWS;

    private static final int FEW_CHANNELS = 16;

    /// Numbers behind a packed row of X, for the vector that copies its end.
    private static final int SPARE = 16;

    static FilterGradient of(ConvolutionGeometry g) {
        int rows = g.outputRows();
        int blocks = (g.filterLength() + BLOCK_COLUMNS - 1) / BLOCK_COLUMNS;
        int wanted = Math.max(1, Math.min(PIECES / (blocks * g.groups()), rows / LEAST_PART));
        int partRows = (rows + wanted - 1) / wanted;
        int parts = (rows + partRows - 1) / partRows;
        int left = Math.max(1, PIECES / (blocks * g.groups() * parts));
        int filterBlock =
                Math.max(LEAST_FILTERS, Tiles.tableLength((g.groupFilters() + left - 1) / left));
        boolean transposed =
                g.groups() == 1
                        && g.dilationWidth() == 1
                        && blocks == 1
                        && (g.channels() < FEW_CHANNELS || g.filterLength() < g.filters());
        if (transposed) {
            filterBlock = (filterBlock + Tiles.PANEL - 1) / Tiles.PANEL * Tiles.PANEL;
        }
        return new FilterGradient(g, parts, partRows, blocks, filterBlock, transposed);
    }

    void run(float[] x, float[] dy, float[] dw) {
        ConvolutionGeometry g = geometry;
        int size = g.filters() * g.filterLength();
        boolean inPlace = parts == 1 && !transposed;
        float[] sums = inPlace ? dw : Scratch.floats(Scratch.Use.PARTIAL_SUMS, (long) parts * size);
        int filterBlocks = (g.groupFilters() + filterBlock - 1) / filterBlock;
        Parallel.range(
                parts * g.groups() * filterBlocks * blocks,
                1,
                (piece, end) -> {
                    int column = piece % blocks * BLOCK_COLUMNS;
                    int filter = piece / blocks % filterBlocks * filterBlock;
                    int group = piece / (blocks * filterBlocks) % g.groups();
                    int part = piece / (blocks * filterBlocks) / g.groups();
                    if (transposed) {
                        sumTransposed(x, dy, part, filter, sums, part * size);
                    } else {
                        sumPart(x, dy, part, group, filter, column, sums, part * size);
                    }
                });
        if (parts > 1) {
            Parallel.range(
                    size,
                    Parallel.pieceOf(size),
                    (from, to) -> {
                        for (int part = 1; part < parts; part++) {
                            for (int i = from; i < to; i++) {
                                sums[i] += sums[part * size + i];
                            }
                        }
                    });
        }
        if (transposed) {
            Transpose.run(sums, new int[] {g.filterLength(), g.filters()}, new int[] {1, 0}, dw);
        } else if (!inPlace) {
            System.arraycopy(sums, 0, dw, 0, size);
        }
    }

    private void sumTransposed(
            float[] x, float[] dy, int part, int filter, float[] sums, int offset) {
        ConvolutionGeometry g = geometry;
        int length = g.filterLength();
        int n = Math.min(filterBlock, g.filters() - filter);
        int[] xRows = Scratch.ints(Scratch.Use.ROWS, Tiles.tableLength(length));
        int[] sumRows = Scratch.ints(Scratch.Use.TILE, Tiles.tableLength(length));
        // A tap of one channel sees a line of the image: nothing is copied.
        boolean inLines =
                g.channels() == 1
                        && g.strideWidth() == 1
                        && g.paddingHeight() == 0
                        && g.paddingWidth() == 0;
        for (int j = 0; j < length; j++) {
            xRows[j] = j / g.filterWidth() * g.dilationHeight() * g.width() + j % g.filterWidth();
            sumRows[j] = j * g.filters();
        }
        Tiles.fillTable(xRows, length);
        Tiles.fillTable(sumRows, length);
        int stride = (length + SPARE - 1) / SPARE * SPARE + SPARE;
        float[] rows = Scratch.floats(Scratch.Use.WINDOW, (long) DEPTH * stride);
        float[] columns = Scratch.floats(Scratch.Use.ROWS, Panels.packedColumns(DEPTH, length));
        float[] panels = Scratch.floats(Scratch.Use.PANELS, (long) DEPTH * Panels.paddedColumns(n));
        int end = Math.min(g.outputRows(), (part + 1) * partRows);
        for (int from = part * partRows; from < end; from += DEPTH) {
            int depth = Math.min(DEPTH, end - from);
            int source = from * g.filters() + filter;
            Panels.pack(false, depth, n, dy, source, g.filters(), panels, 0, 0, depth);
            Runs runs = new Runs(n);
            if (inLines) {
                addLines(from, from + depth, runs);
            } else {
                runs.add(0, depth);
                Panels.columnTable(depth, length, xRows);
                if (g.isPointwise()) {
                    Panels.packColumns(x, from * length, length, depth, length, columns);
                } else {
                    packRows(x, from, from + depth, rows, stride);
                    Panels.packColumns(rows, 0, stride, depth, length, columns);
                }
            }
            Tiles.multiply(
                    length,
                    n,
                    runs,
                    inLines ? x : columns,
                    0,
                    xRows,
                    inLines ? 1 : Tiles.COLUMNS,
                    panels,
                    0,
                    sums,
                    offset + filter,
                    sumRows,
                    from > part * partRows,
                    NoEpilogue.NONE,
                    0);
        }
    }

    /// What the top left tap saw from the output places from (inclusive) to (exclusive).
    private void addLines(int from, int to, Runs runs) {
        ConvolutionGeometry g = geometry;
        for (int place = from; place < to; ) {
            int column = place % g.outputWidth();
            int count = Math.min(g.outputWidth() - column, to - place);
            int line = place / g.outputWidth() % g.outputHeight() * g.strideHeight();
            int image = place / g.outputWidth() / g.outputHeight();
            runs.add((image * g.height() + line) * g.width() + column, count);
            place += count;
        }
    }

    /// Packs rows of X: what the output places from (inclusive) to (exclusive) saw, line by line of
    /// the filter.
    private void packRows(float[] x, int from, int to, float[] rows, int stride) {
        ConvolutionGeometry g = geometry;
        int channels = g.channels();
        int run = g.filterWidth() * channels;
        for (int place = from; place < to; place++) {
            int column = place % g.outputWidth() * g.strideWidth() - g.paddingWidth();
            int line = place / g.outputWidth() % g.outputHeight() * g.strideHeight();
            int image = place / g.outputWidth() / g.outputHeight();
            int first = Math.max(0, -column);
            int last = Math.min(g.filterWidth(), g.width() - column);
            int target = (place - from) * stride;
            for (int r = 0; r < g.filterHeight(); r++) {
                int h = line - g.paddingHeight() + r * g.dilationHeight();
                int source = ((image * g.height() + h) * g.width() + column) * channels;
                boolean inside = h >= 0 && h < g.height();
                if (inside && first == 0 && last == g.filterWidth()) {
                    Panels.copyRun(x, source, run, rows, target);
                } else {
                    Arrays.fill(rows, target, target + run, 0);
                    if (inside && first < last) {
                        System.arraycopy(
                                x,
                                source + first * channels,
                                rows,
                                target + first * channels,
                                (last - first) * channels);
                    }
                }
                target += run;
            }
        }
    }

    private void sumPart(
            float[] x,
            float[] dy,
            int part,
            int group,
            int filter,
            int column,
            float[] sums,
            int offset) {
        ConvolutionGeometry g = geometry;
        int length = g.filterLength();
        int n = Math.min(BLOCK_COLUMNS, length - column);
        int filters = Math.min(filterBlock, g.groupFilters() - filter);
        int firstFilter = group * g.groupFilters() + filter;
        int[] dyRows = Scratch.ints(Scratch.Use.ROWS, Tiles.tableLength(filters));
        int[] dwRows = Scratch.ints(Scratch.Use.TILE, Tiles.tableLength(filters));
        for (int k = 0; k < filters; k++) {
            dwRows[k] = k * length;
        }
        Tiles.fillTable(dwRows, filters);
        float[] panels = Scratch.floats(Scratch.Use.PANELS, (long) DEPTH * Panels.paddedColumns(n));
        float[] columns = Scratch.floats(Scratch.Use.ROWS, Panels.packedColumns(DEPTH, filters));
        int end = Math.min(g.outputRows(), (part + 1) * partRows);
        for (int from = part * partRows; from < end; from += DEPTH) {
            int depth = Math.min(DEPTH, end - from);
            packSeen(x, group, column, n, from, from + depth, panels);
            Panels.columnTable(depth, filters, dyRows);
            Panels.packColumns(
                    dy, from * g.filters() + firstFilter, g.filters(), depth, filters, columns);
            Tiles.multiply(
                    filters,
                    n,
                    new Runs(n).add(0, depth),
                    columns,
                    0,
                    dyRows,
                    Tiles.COLUMNS,
                    panels,
                    0,
                    sums,
                    offset + firstFilter * length + column,
                    dwRows,
                    from > part * partRows,
                    NoEpilogue.NONE,
                    0);
        }
    }

    /// Packs columns of X for the output places from (inclusive) to (exclusive): stretches of
    /// channels of one tap.
    private void packSeen(
            float[] x, int group, int firstColumn, int n, int from, int to, float[] panels) {
        int channels = geometry.groupChannels();
        if (geometry.isPointwise()) {
            int source = from * channels + firstColumn;
            Panels.pack(false, to - from, n, x, source, channels, panels, 0, 0, to - from);
            return;
        }
        // A few places at a time, so that what is read next lies near.
        for (int place = from; place < to; place += NEAR) {
            int end = Math.min(to, place + NEAR);
            for (int panel = 0; panel < n; panel += Tiles.PANEL) {
                int width = Panels.width(n, panel);
                int target = panel * (to - from) + (place - from) * width;
                int used = Math.min(width, n - panel);
                for (int j = 0; j < used; ) {
                    int tap = (firstColumn + panel + j) / channels;
                    int channel = (firstColumn + panel + j) % channels;
                    int count = Math.min(channels - channel, used - j);
                    packTap(
                            x,
                            tap,
                            group * channels + channel,
                            count,
                            place,
                            end,
                            panels,
                            target + j,
                            width);
                    j += count;
                }
                if (used < width) {
                    Panels.zero(end - place, width - used, panels, target + used, width);
                }
            }
        }
    }

    private void packTap(
            float[] x,
            int tap,
            int channel,
            int count,
            int from,
            int to,
            float[] panels,
            int offset,
            int width) {
        ConvolutionGeometry g = geometry;
        int wide = g.outputWidth();
        int downBy = tap / g.filterWidth() * g.dilationHeight() - g.paddingHeight();
        int rightBy = tap % g.filterWidth() * g.dilationWidth() - g.paddingWidth();
        for (int place = from; place < to; ) {
            int p = place / wide % g.outputHeight();
            int q = place % wide;
            int end = Math.min(wide, q + to - place);
            int h = p * g.strideHeight() + downBy;
            boolean inside = h >= 0 && h < g.height();
            // Columns q with 0 <= q stride + rightBy < width.
            int first = inside ? clamp(-Math.floorDiv(rightBy, g.strideWidth()), q, end) : end;
            int last =
                    inside
                            ? clamp(
                                    Math.floorDiv(g.width() - 1 - rightBy, g.strideWidth()) + 1,
                                    first,
                                    end)
                            : end;
            int line = place / wide / g.outputHeight() * g.height() + h;
            int source =
                    (line * g.width() + first * g.strideWidth() + rightBy) * g.channels() + channel;
            int target = offset + (place - from) * width;
            Panels.zero(first - q, count, panels, target, width);
            Panels.copy(
                    last - first,
                    count,
                    x,
                    source,
                    g.strideWidth() * g.channels(),
                    panels,
                    target + (first - q) * width,
                    width);
            Panels.zero(end - last, count, panels, target + (last - q) * width, width);
            place += end - q;
        }
    }

    private static int clamp(int value, int low, int high) {
        return Math.max(low, Math.min(value, high));
    }
}
