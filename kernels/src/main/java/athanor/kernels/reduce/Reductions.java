package athanor.kernels.reduce;

import static athanor.kernels.reduce.Rows.DOUBLES;
import static athanor.kernels.reduce.Rows.widen;

import athanor.kernels.parallel.Parallel;
import java.util.Arrays;
import jdk.incubator.vector.DoubleVector;

/// Sums, maxima and minima along any axes of a contiguous array. Neighbouring axes of the same fate
/// are joined, and then one reduced axis after the other goes, the innermost first. Long axes are
/// cut into blocks, whose results are combined in order; sums are made in double.
public final class Reductions {
    /// Numbers in a block of a row.
    private static final int ROW_BLOCK = 16_384;
    /// Columns that are summed at a time.
    private static final int TILE = 1024;
    /// Numbers in a block of columns.
    private static final int TILE_BLOCK = 65_536;
    /// Rows that are read while a vector of sums stays in a register.
    private static final int GROUP = 8;

    private static final ThreadLocal<double[]> TILE_SUMS =
            ThreadLocal.withInitial(() -> new double[TILE]);

    private Reductions() {}

    /// Reduces the axes of x that are marked; y holds the others, in order.
    public static void reduce(
            Reduction reduction, float[] x, int[] lengths, boolean[] axes, float[] y) {
        int[] joined = new int[lengths.length + 1];
        boolean[] reduced = new boolean[lengths.length + 1];
        int rank = 0;
        int size = 1;
        for (int i = 0; i < lengths.length; i++) {
            size *= lengths[i];
            if (rank > 0 && reduced[rank - 1] == axes[i]) {
                joined[rank - 1] *= lengths[i];
            } else if (lengths[i] != 1) {
                joined[rank] = lengths[i];
                reduced[rank++] = axes[i];
            }
        }
        float[] from = x;
        boolean unchanged = true;
        int inner = 1;
        for (int i = rank - 1; i >= 0; i--) {
            if (!reduced[i]) {
                inner *= joined[i];
                continue;
            }
            int outer = 1;
            boolean last = true;
            for (int j = 0; j < i; j++) {
                outer *= joined[j];
                last &= !reduced[j];
            }
            float[] to = last ? y : new float[outer * inner];
            middle(reduction, from, outer, joined[i], inner, to);
            from = to;
            unchanged = false;
        }
        if (unchanged) {
            System.arraycopy(x, 0, y, 0, size);
        }
    }

    /// The place of the first maximum, NaN the largest of all, along the middle axis of x `[outer,
    /// length, inner]`.
    public static void argmax(float[] x, int outer, int length, int inner, int[] y) {
        Parallel.range(
                outer * inner,
                Math.max(1, ROW_BLOCK / Math.max(1, length)),
                (from, to) -> {
                    for (int i = from; i < to; i++) {
                        int at = i / inner * length * inner + i % inner;
                        int place = 0;
                        float best = x[at];
                        for (int j = 1; j < length && !Float.isNaN(best); j++) {
                            float value = x[at + j * inner];
                            if (!(value <= best)) {
                                best = value;
                                place = j;
                            }
                        }
                        y[i] = place;
                    }
                });
    }

    /// Reduces the middle axis of x `[outer, length, inner]`.
    private static void middle(
            Reduction reduction, float[] x, int outer, int length, int inner, float[] y) {
        if (outer * inner == 0) {
            return;
        }
        if (inner == 1) {
            rows(reduction, x, outer, length, y);
        } else {
            columns(reduction, x, outer, length, inner, y);
        }
    }

    private static void rows(Reduction reduction, float[] x, int rows, int length, float[] y) {
        int blocks = Math.max(1, (length + ROW_BLOCK - 1) / ROW_BLOCK);
        if (blocks == 1) {
            Parallel.range(
                    rows,
                    Math.max(1, ROW_BLOCK / Math.max(1, length)),
                    (from, to) -> {
                        for (int row = from; row < to; row++) {
                            y[row] = (float) row(reduction, x, row * length, length);
                        }
                    });
            return;
        }
        double[] parts = new double[rows * blocks];
        Parallel.range(
                parts.length,
                1,
                (from, to) -> {
                    for (int i = from; i < to; i++) {
                        int start = i % blocks * ROW_BLOCK;
                        int count = Math.min(ROW_BLOCK, length - start);
                        parts[i] = row(reduction, x, i / blocks * length + start, count);
                    }
                });
        for (int row = 0; row < rows; row++) {
            double result = reduction.identity();
            for (int i = 0; i < blocks; i++) {
                result = reduction.combine(result, parts[row * blocks + i]);
            }
            y[row] = (float) result;
        }
    }

    private static double row(Reduction reduction, float[] x, int at, int n) {
        return switch (reduction) {
            case SUM -> Rows.sum(x, at, n);
            case MAXIMUM -> Rows.maximum(x, at, n);
            case MINIMUM -> Rows.minimum(x, at, n);
        };
    }

    /// The work is cut into tiles of columns, and where these are few, into blocks of rows.
    private static void columns(
            Reduction reduction, float[] x, int outer, int length, int inner, float[] y) {
        int tiles = (inner + TILE - 1) / TILE;
        int rowsAtOnce =
                outer * tiles >= 16
                        ? Math.max(1, length)
                        : Math.max(64, TILE_BLOCK / Math.min(inner, TILE));
        int blocks = Math.max(1, (length + rowsAtOnce - 1) / rowsAtOnce);
        double[] parts = new double[blocks == 1 ? 0 : outer * blocks * inner];
        Parallel.range(
                outer * blocks * tiles,
                piece(rowsAtOnce, length, inner),
                (from, to) -> {
                    double[] sums = TILE_SUMS.get();
                    for (int i = from; i < to; i++) {
                        int start = i % tiles * TILE;
                        int count = Math.min(TILE, inner - start);
                        int block = i / tiles % blocks;
                        int o = i / tiles / blocks;
                        int first = block * rowsAtOnce;
                        int rows = Math.min(rowsAtOnce, length - first);
                        Arrays.fill(sums, 0, count, reduction.identity());
                        tile(
                                reduction,
                                x,
                                (o * length + first) * inner + start,
                                rows,
                                inner,
                                sums,
                                count);
                        if (blocks == 1) {
                            for (int j = 0; j < count; j++) {
                                y[o * inner + start + j] = (float) sums[j];
                            }
                        } else {
                            System.arraycopy(
                                    sums, 0, parts, (o * blocks + block) * inner + start, count);
                        }
                    }
                });
        if (blocks > 1) {
            combine(reduction, parts, outer, blocks, inner, y);
        }
    }

    /// Tiles worth a piece of their own.
    private static int piece(int rowsAtOnce, int length, int inner) {
        return Math.max(
                1, ROW_BLOCK / Math.max(1, Math.min(rowsAtOnce, length) * Math.min(inner, TILE)));
    }

    private static void combine(
            Reduction reduction, double[] parts, int outer, int blocks, int inner, float[] y) {
        for (int o = 0; o < outer; o++) {
            int at = o * blocks * inner;
            for (int block = 1; block < blocks; block++) {
                for (int j = 0; j < inner; j++) {
                    parts[at + j] = reduction.combine(parts[at + j], parts[at + block * inner + j]);
                }
            }
            for (int j = 0; j < inner; j++) {
                y[o * inner + j] = (float) parts[at + j];
            }
        }
    }

    private static void tile(
            Reduction reduction,
            float[] x,
            int at,
            int rows,
            int stride,
            double[] results,
            int count) {
        for (int row = 0; row < rows; row += GROUP) {
            int group = Math.min(GROUP, rows - row);
            int start = at + row * stride;
            switch (reduction) {
                case SUM -> addRows(x, start, group, stride, results, count);
                case MAXIMUM -> {
                    for (int j = 0; j < count; j++) {
                        for (int i = 0; i < group; i++) {
                            results[j] = Math.max(results[j], x[start + i * stride + j]);
                        }
                    }
                }
                case MINIMUM -> {
                    for (int j = 0; j < count; j++) {
                        for (int i = 0; i < group; i++) {
                            results[j] = Math.min(results[j], x[start + i * stride + j]);
                        }
                    }
                }
            }
        }
    }

    private static void addRows(float[] x, int at, int rows, int stride, double[] sums, int count) {
        int width = DOUBLES.length();
        int j = 0;
        for (; j <= count - width; j += width) {
            DoubleVector sum = DoubleVector.fromArray(DOUBLES, sums, j);
            for (int i = 0; i < rows; i++) {
                sum = sum.add(widen(x, at + i * stride + j));
            }
            sum.intoArray(sums, j);
        }
        for (; j < count; j++) {
            for (int i = 0; i < rows; i++) {
                sums[j] += x[at + i * stride + j];
            }
        }
    }
}
