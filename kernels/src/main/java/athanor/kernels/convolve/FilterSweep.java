package athanor.kernels.convolve;

import athanor.kernels.matmul.Epilogue;
import athanor.kernels.matmul.Panels;
import athanor.kernels.matmul.Runs;
import athanor.kernels.matmul.Tiles;
import athanor.kernels.parallel.Parallel;
import athanor.kernels.parallel.Scratch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// A filter that runs over images: the forward convolution and its input gradient. Both are
///
/// `out[n, u outStep + start, :] = sum over taps of in[n, u inStep + tap, :] W[tap]`
///
/// for every place (u, v), columns v like lines u: forward, inStep is the stride and outStep 1; the
/// input gradient is the other way round, a phase at a time, and reads dy. Places are cut into
/// pieces that fit the second cache together with the zeros around them (nothing is copied where
/// there are none), and the rows of [Tiles] are the places of a piece.
record FilterSweep(
        ConvolutionGeometry geometry,
        PaddedImages images,
        int placesHigh,
        int placesWide,
        int reachHeight,
        int inStepHeight,
        int inStepWidth,
        int outHeight,
        int outWidth,
        int outDepth,
        int outStepHeight,
        int outStepWidth,
        List<Phase> phases) {

    /// Numbers of padded input a piece may have, where a line of it is not more.
    private static final int PIECE = 96 * 1024;

    /// Rows that a piece should have, so that reading the packed filters is worth it, and that it
    /// must have.
    private static final int PIECE_ROWS = 42 * Tiles.ROWS;

    private static final int LEAST_ROWS = 8 * Tiles.ROWS;
    private static final int PIECES = 16;

    static FilterSweep forward(ConvolutionGeometry g) {
        int reachHeight = g.dilationHeight() * (g.filterHeight() - 1) + 1;
        int reachWidth = g.dilationWidth() * (g.filterWidth() - 1) + 1;
        PaddedImages images =
                new PaddedImages(
                        g.height(),
                        g.width(),
                        g.channels(),
                        g.paddingHeight(),
                        g.paddingWidth(),
                        (g.outputHeight() - 1) * g.strideHeight() + reachHeight,
                        (g.outputWidth() - 1) * g.strideWidth() + reachWidth);
        Runs runs = new Runs(g.groupFilters());
        for (int r = 0; r < g.filterHeight(); r++) {
            for (int s = 0; s < g.filterWidth(); s++) {
                int tap =
                        r * g.dilationHeight() * images.lineLength()
                                + s * g.dilationWidth() * g.channels();
                runs.add(tap, g.groupChannels());
            }
        }
        return new FilterSweep(
                g,
                images,
                g.outputHeight(),
                g.outputWidth(),
                reachHeight,
                g.strideHeight(),
                g.strideWidth(),
                g.outputHeight(),
                g.outputWidth(),
                g.filters(),
                1,
                1,
                List.of(new Phase(0, 0, runs, 0)));
    }

    /// Input line h is in phase `(h + padding) mod stride` at place `u = (h + padding) / stride`;
    /// filter line r of that phase reads line `u - back(r)` of dy. Zeros above dy make that `u -
    /// back(r) + furthest back`, never negative.
    static FilterSweep inputGradient(ConvolutionGeometry g) {
        int backHeight = (g.filterHeight() - 1) * g.dilationHeight() / g.strideHeight();
        int backWidth = (g.filterWidth() - 1) * g.dilationWidth() / g.strideWidth();
        int placesHigh = (g.height() - 1 + g.paddingHeight()) / g.strideHeight() + 1;
        int placesWide = (g.width() - 1 + g.paddingWidth()) / g.strideWidth() + 1;
        PaddedImages images =
                new PaddedImages(
                        g.outputHeight(),
                        g.outputWidth(),
                        g.filters(),
                        backHeight,
                        backWidth,
                        placesHigh + backHeight,
                        placesWide + backWidth);
        List<Phase> phases = new ArrayList<>();
        int packedRows = 0;
        for (int phaseHeight = 0; phaseHeight < g.strideHeight(); phaseHeight++) {
            for (int phaseWidth = 0; phaseWidth < g.strideWidth(); phaseWidth++) {
                Runs runs = new Runs(g.groupChannels());
                for (int r = g.filterHeight() - 1; r >= 0; r--) {
                    for (int s = g.filterWidth() - 1; s >= 0; s--) {
                        if (isTap(g, phaseHeight, phaseWidth, r, s)) {
                            int line = backHeight - r * g.dilationHeight() / g.strideHeight();
                            int column = backWidth - s * g.dilationWidth() / g.strideWidth();
                            runs.add(
                                    line * images.lineLength() + column * g.filters(),
                                    g.groupFilters());
                        }
                    }
                }
                phases.add(
                        new Phase(
                                phaseHeight - g.paddingHeight(),
                                phaseWidth - g.paddingWidth(),
                                runs,
                                packedRows));
                packedRows += runs.depth();
            }
        }
        return new FilterSweep(
                g,
                images,
                placesHigh,
                placesWide,
                backHeight + 1,
                1,
                1,
                g.height(),
                g.width(),
                g.channels(),
                g.strideHeight(),
                g.strideWidth(),
                phases);
    }

    private static boolean isTap(
            ConvolutionGeometry g, int phaseHeight, int phaseWidth, int r, int s) {
        return r * g.dilationHeight() % g.strideHeight() == phaseHeight
                && s * g.dilationWidth() % g.strideWidth() == phaseWidth;
    }

    /// Packs the filters `[K, R, S, C / groups]` for the forward direction: row (r, s, c), column
    /// k.
    float[] packForward(float[] w) {
        ConvolutionGeometry g = geometry;
        int length = g.filterLength();
        int columns = Panels.paddedColumns(g.groupFilters());
        float[] panels =
                Scratch.floats(Scratch.Use.SHARED_PANELS, (long) g.groups() * length * columns);
        int perGroup = (g.groupFilters() + Tiles.PANEL - 1) / Tiles.PANEL;
        Parallel.range(
                g.groups() * perGroup,
                1,
                (piece, end) -> {
                    int group = piece / perGroup;
                    int column = piece % perGroup * Tiles.PANEL;
                    int first = group * g.groupFilters() + column;
                    int n = Math.min(Tiles.PANEL, g.groupFilters() - column);
                    int target = group * length * columns + column * length;
                    Panels.pack(
                            true, length, n, w, first * length, length, panels, target, 0, length);
                });
        return panels;
    }

    /// Packs the filters for the input gradient: phase by phase, row (tap, k), column c.
    float[] packGradient(float[] w) {
        ConvolutionGeometry g = geometry;
        int columns = Panels.paddedColumns(g.groupChannels());
        int groupRows = g.filterHeight() * g.filterWidth() * g.groupFilters();
        float[] panels =
                Scratch.floats(Scratch.Use.SHARED_PANELS, (long) g.groups() * groupRows * columns);
        Parallel.range(
                g.groups() * phases.size(),
                1,
                (piece, end) -> {
                    int group = piece / phases.size();
                    int number = piece % phases.size();
                    Phase phase = phases.get(number);
                    int target = (group * groupRows + phase.packedRows()) * columns;
                    int row = 0;
                    for (int r = g.filterHeight() - 1; r >= 0; r--) {
                        for (int s = g.filterWidth() - 1; s >= 0; s--) {
                            if (isTap(
                                    g, number / g.strideWidth(), number % g.strideWidth(), r, s)) {
                                int first =
                                        group * g.groupFilters() * g.filterLength()
                                                + (r * g.filterWidth() + s) * g.groupChannels();
                                Panels.pack(
                                        false,
                                        g.groupFilters(),
                                        g.groupChannels(),
                                        w,
                                        first,
                                        g.filterLength(),
                                        panels,
                                        target,
                                        row,
                                        phase.runs().depth());
                                row += g.groupFilters();
                            }
                        }
                    }
                });
        return panels;
    }

    /// Writes all of out, or adds to it.
    void run(float[] in, float[] panels, float[] out, boolean accumulate, Epilogue epilogue) {
        int lines = geometry.batch() * placesHigh;
        int piece = pieceLines(lines);
        epilogue.begin((lines + piece - 1) / piece);
        Parallel.range(
                lines,
                piece,
                (from, to) ->
                        runPiece(in, panels, out, from, to, accumulate, epilogue, from / piece));
    }

    private int pieceLines(int lines) {
        long image = (long) images.paddedHeight() * images.lineLength();
        int piece;
        if (image > PIECE) {
            int bands = (int) Math.min(placesHigh, (image + PIECE - 1) / PIECE);
            piece = (placesHigh + bands - 1) / bands;
        } else {
            int whole = (PIECE_ROWS - 1) / (placesHigh * placesWide) + 1;
            piece = (int) Math.min(whole, PIECE / image) * placesHigh;
        }
        int least = (LEAST_ROWS - 1) / placesWide + 1;
        return Math.clamp(piece, least, Math.max(least, (lines + PIECES - 1) / PIECES));
    }

    /// The lines of places from (inclusive) to (exclusive), counted through all images.
    private void runPiece(
            float[] in,
            float[] panels,
            float[] out,
            int from,
            int to,
            boolean accumulate,
            Epilogue epilogue,
            int piece) {
        int padded = paddedLines(from, to);
        float[] source =
                images.isCopied()
                        ? Scratch.floats(Scratch.Use.ROWS, (long) padded * images.lineLength())
                        : in;
        if (images.isCopied()) {
            int offset = 0;
            for (int line = from; line < to; line = nextImage(line, to)) {
                int first = line % placesHigh * inStepHeight;
                int count = reach(line, to);
                images.copyLines(in, line / placesHigh, first, first + count, source, offset);
                offset += count * images.lineLength();
            }
        }
        int[] inRows = Scratch.ints(Scratch.Use.ROWS, Tiles.tableLength((to - from) * placesWide));
        int[] outRows = Scratch.ints(Scratch.Use.TILE, Tiles.tableLength((to - from) * placesWide));
        for (Phase phase : phases) {
            int rows = fillTables(phase, from, to, inRows, outRows);
            if (phase.runs().depth() == 0) {
                for (int i = 0; i < rows && !accumulate; i++) {
                    Arrays.fill(out, outRows[i], outRows[i] + outDepth, 0);
                }
            } else if (rows > 0) {
                multiply(
                        phase,
                        rows,
                        source,
                        inRows,
                        panels,
                        out,
                        outRows,
                        accumulate,
                        epilogue,
                        piece);
            }
        }
    }

    private void multiply(
            Phase phase,
            int rows,
            float[] source,
            int[] inRows,
            float[] panels,
            float[] out,
            int[] outRows,
            boolean accumulate,
            Epilogue epilogue,
            int piece) {
        int inDepth = images.depth() / geometry.groups();
        int n = outDepth / geometry.groups();
        int columns = Panels.paddedColumns(n);
        int groupRows = geometry.filterHeight() * geometry.filterWidth() * inDepth;
        for (int group = 0; group < geometry.groups(); group++) {
            int packed = (group * groupRows + phase.packedRows()) * columns;
            Tiles.multiply(
                    rows,
                    n,
                    phase.runs(),
                    source,
                    group * inDepth,
                    inRows,
                    1,
                    panels,
                    packed,
                    out,
                    group * n,
                    outRows,
                    accumulate,
                    epilogue,
                    piece);
        }
    }

    /// Where each place of the phase starts in the source and in out; returns how many there are.
    private int fillTables(Phase phase, int from, int to, int[] inRows, int[] outRows) {
        int rows = 0;
        int offset = 0;
        for (int line = from; line < to; line = nextImage(line, to)) {
            int image = line / placesHigh;
            int first = line % placesHigh;
            int start =
                    images.isCopied()
                            ? offset
                            : (image * images.paddedHeight() + first * inStepHeight)
                                    * images.lineLength();
            for (int u = first; u < first + nextImage(line, to) - line; u++) {
                int h = u * outStepHeight + phase.startHeight();
                if (h < 0 || h >= outHeight) {
                    continue;
                }
                int inLine = start + (u - first) * inStepHeight * images.lineLength();
                int outLine = (image * outHeight + h) * outWidth;
                for (int v = 0; v < placesWide; v++) {
                    int w = v * outStepWidth + phase.startWidth();
                    if (w >= 0 && w < outWidth) {
                        inRows[rows] = inLine + v * inStepWidth * images.depth();
                        outRows[rows++] = (outLine + w) * outDepth;
                    }
                }
            }
            offset += reach(line, to) * images.lineLength();
        }
        if (rows > 0) {
            Tiles.fillTable(inRows, rows);
            Tiles.fillTable(outRows, rows);
        }
        return rows;
    }

    /// The first line of the next image, or the end.
    private int nextImage(int line, int to) {
        return Math.min(to, line - line % placesHigh + placesHigh);
    }

    /// How many lines of the padded image the places from this line to the image's last (or the
    /// end) read.
    private int reach(int line, int to) {
        return (nextImage(line, to) - line - 1) * inStepHeight + reachHeight;
    }

    private int paddedLines(int from, int to) {
        int sum = 0;
        for (int line = from; line < to; line = nextImage(line, to)) {
            sum += reach(line, to);
        }
        return sum;
    }
}
