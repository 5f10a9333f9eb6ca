package athanor.kernels.cuda;

import athanor.kernels.cuda.Ptx.Entry;
import athanor.kernels.cuda.Ptx.Parts;
import athanor.kernels.reduce.Reduction;
import java.util.Locale;

/// Launches of `reduce/Reductions.ptx`.
public final class PtxReductions {
    private static final String FILE = "reduce/Reductions";
    /// Numbers that are worth a part of their own, of a row and of a column.
    private static final int LEAST_OF_ROW = 4096;

    private static final int LEAST_OF_COLUMN = 64;

    private final Ptx ptx;

    public PtxReductions(Ptx ptx) {
        this.ptx = ptx;
    }

    /// Reduces the axes of x that are marked, one run of neighbours after the other, the innermost
    /// first; y holds the other axes, in order.
    public void reduce(
            Driver.Stream stream,
            Reduction reduction,
            long x,
            int[] lengths,
            boolean[] axes,
            long y) {
        int last = lengths.length - 1;
        while (last >= 0 && !axes[last]) {
            last--;
        }
        if (last < 0) {
            ptx.driver().copy(y, x, 4L * PtxElementwise.size(lengths), stream);
            return;
        }
        int first = last;
        while (first > 0 && axes[first - 1]) {
            first--;
        }
        int outer = size(lengths, 0, first);
        int length = size(lengths, first, last + 1);
        int inner = size(lengths, last + 1, lengths.length);
        boolean more = false;
        for (int i = 0; i < first; i++) {
            more |= axes[i];
        }
        if (!more) {
            middle(stream, reduction, x, outer, length, inner, y);
            return;
        }
        long partial = ptx.workspace().take(4L * Math.max(1, outer * inner));
        middle(stream, reduction, x, outer, length, inner, partial);
        int[] rest = lengths.clone();
        boolean[] restAxes = axes.clone();
        for (int i = first; i <= last; i++) {
            rest[i] = 1;
            restAxes[i] = false;
        }
        reduce(stream, reduction, partial, rest, restAxes, y);
        ptx.workspace().give(partial);
    }

    /// Reduces the middle axis of x `[outer, length, inner]`.
    public void middle(
            Driver.Stream stream,
            Reduction reduction,
            long x,
            int outer,
            int length,
            int inner,
            long y) {
        if (outer * inner == 0) {
            return;
        }
        int tiles = Ptx.ceilDiv(inner, 32);
        Parts parts =
                inner == 1
                        ? Parts.of(length, LEAST_OF_ROW, outer)
                        : Parts.of(length, LEAST_OF_COLUMN, (long) outer * tiles);
        if (parts.count() == 1) {
            launch(stream, reduction, x, outer, length, inner, parts, y);
            return;
        }
        long partial = ptx.workspace().take(4L * outer * parts.count() * inner);
        launch(stream, reduction, x, outer, length, inner, parts, partial);
        Parts whole = new Parts(parts.count(), 1);
        launch(stream, reduction, partial, outer, parts.count(), inner, whole, y);
        ptx.workspace().give(partial);
    }

    private void launch(
            Driver.Stream stream,
            Reduction reduction,
            long x,
            int outer,
            int length,
            int inner,
            Parts parts,
            long y) {
        String name = reduction.name().toLowerCase(Locale.ROOT);
        Arguments arguments = new Arguments().address(x).address(y).int32(length);
        if (inner == 1) {
            ptx.launch(
                    stream,
                    new Entry(FILE, name + "Rows"),
                    outer * parts.count(),
                    parts.chunk() <= Ptx.THREADS ? 32 : Ptx.THREADS,
                    arguments.int32(parts.chunk()).int32(parts.count()));
        } else {
            ptx.launch(
                    stream,
                    new Entry(FILE, name + "Columns"),
                    outer * parts.count() * Ptx.ceilDiv(inner, 32),
                    Ptx.THREADS,
                    arguments.int32(inner).int32(parts.chunk()).int32(parts.count()));
        }
    }

    /// The place of the first maximum, NaN the largest of all, along the middle axis of x `[outer,
    /// length, inner]`.
    public void argmax(Driver.Stream stream, long x, int outer, int length, int inner, long y) {
        int count = outer * inner;
        ptx.launch(
                stream,
                new Entry(FILE, "argmax"),
                Ptx.ceilDiv(count, Ptx.THREADS / 32),
                Ptx.THREADS,
                new Arguments().address(x).address(y).int32(length).int32(inner).int32(count));
    }

    private static int size(int[] lengths, int from, int to) {
        int size = 1;
        for (int i = from; i < to; i++) {
            size *= lengths[i];
        }
        return size;
    }
}
