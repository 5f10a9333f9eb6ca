package athanor.kernels.elementwise;

import athanor.kernels.parallel.Parallel;
import java.util.Arrays;

/// The plan of a binary function whose operands repeat along some axes of the result. Axes of
/// length 1 are dropped, and neighbours that both operands walk through in one stride are joined;
/// what is left has an innermost axis along which each operand moves by 1 or stands still. The
/// result is made in blocks that fit the first cache: an operand that lies in a block as it is
/// needed is read in place, any other is first written out.
public record Broadcast(int[] lengths, int[] aStrides, int[] bStrides) {
    private static final int BLOCK = 2048;
    private static final ThreadLocal<float[]> SCRATCH =
            ThreadLocal.withInitial(() -> new float[2 * BLOCK]);

    public static Broadcast of(int[] lengths, int[] aStrides, int[] bStrides) {
        int rank = lengths.length;
        int[][] kept = new int[3][rank];
        int next = rank;
        for (int i = rank - 1; i >= 0; i--) {
            if (lengths[i] == 1) {
                continue;
            }
            boolean joins =
                    next < rank
                            && aStrides[i] == kept[1][next] * kept[0][next]
                            && bStrides[i] == kept[2][next] * kept[0][next];
            if (joins) {
                kept[0][next] *= lengths[i];
            } else {
                next--;
                kept[0][next] = lengths[i];
                kept[1][next] = aStrides[i];
                kept[2][next] = bStrides[i];
            }
        }
        if (next == rank) {
            return new Broadcast(new int[] {1}, new int[] {1}, new int[] {1});
        }
        return new Broadcast(
                Arrays.copyOfRange(kept[0], next, rank),
                Arrays.copyOfRange(kept[1], next, rank),
                Arrays.copyOfRange(kept[2], next, rank));
    }

    void run(Binary function, float[] a, float[] b, float[] y) {
        int last = lengths.length - 1;
        int width = lengths[last];
        int rows = 1;
        for (int i = 0; i < last; i++) {
            rows *= lengths[i];
        }
        if (width == 0 || rows == 0) {
            return;
        }
        if (last == 0 && aStrides[0] == 1 && bStrides[0] == 1) {
            Elementwise.binary(function, a, b, y, width);
        } else if (width <= BLOCK / 2) {
            runRows(function, a, b, y, rows, width);
        } else {
            runParts(function, a, b, y, rows, width);
        }
    }

    /// Blocks of several whole rows.
    private void runRows(Binary function, float[] a, float[] b, float[] y, int rows, int width) {
        int step = BLOCK / width;
        int piece = Math.max(1, Parallel.pieceOf(rows * width) / (step * width)) * step;
        boolean aInPlace = isContiguous(aStrides);
        boolean bInPlace = isContiguous(bStrides);
        boolean aSame = isSameInEachRow(aStrides);
        boolean bSame = isSameInEachRow(bStrides);
        Parallel.range(
                rows,
                piece,
                (from, to) -> {
                    float[] scratch = SCRATCH.get();
                    for (int row = from; row < to; row += step) {
                        int count = Math.min(step, to - row);
                        if (!aInPlace && (!aSame || row == from)) {
                            writeRows(a, aStrides, row, count, scratch, 0);
                        }
                        if (!bInPlace && (!bSame || row == from)) {
                            writeRows(b, bStrides, row, count, scratch, BLOCK);
                        }
                        int at = row * width;
                        BinaryLoops.run(
                                function,
                                aInPlace ? a : scratch,
                                aInPlace ? at : 0,
                                bInPlace ? b : scratch,
                                bInPlace ? at : BLOCK,
                                y,
                                at,
                                count * width);
                    }
                });
    }

    /// Blocks that are parts of a row: an operand either lies there or is one number.
    private void runParts(Binary function, float[] a, float[] b, float[] y, int rows, int width) {
        int last = lengths.length - 1;
        int parts = (width + BLOCK - 1) / BLOCK;
        Parallel.range(
                rows * parts,
                Math.max(1, Parallel.pieceOf(rows * width) / BLOCK),
                (from, to) -> {
                    float[] scratch = SCRATCH.get();
                    for (int block = from; block < to; block++) {
                        int row = block / parts;
                        int column = block % parts * BLOCK;
                        int count = Math.min(BLOCK, width - column);
                        int aAt = offset(aStrides, row) + column * aStrides[last];
                        int bAt = offset(bStrides, row) + column * bStrides[last];
                        boolean aInPlace = aStrides[last] == 1;
                        boolean bInPlace = bStrides[last] == 1;
                        if (!aInPlace) {
                            Arrays.fill(scratch, 0, count, a[aAt]);
                        }
                        if (!bInPlace) {
                            Arrays.fill(scratch, BLOCK, BLOCK + count, b[bAt]);
                        }
                        BinaryLoops.run(
                                function,
                                aInPlace ? a : scratch,
                                aInPlace ? aAt : 0,
                                bInPlace ? b : scratch,
                                bInPlace ? bAt : BLOCK,
                                y,
                                row * width + column,
                                count);
                    }
                });
    }

    private void writeRows(float[] x, int[] strides, int row, int count, float[] scratch, int at) {
        int last = lengths.length - 1;
        int width = lengths[last];
        for (int i = 0; i < count; i++) {
            int from = offset(strides, row + i);
            int to = at + i * width;
            if (strides[last] == 1) {
                System.arraycopy(x, from, scratch, to, width);
            } else {
                Arrays.fill(scratch, to, to + width, x[from]);
            }
        }
    }

    /// Where a row starts, rows counted through all axes but the last.
    private int offset(int[] strides, int row) {
        int offset = 0;
        int rest = row;
        for (int i = lengths.length - 2; i > 0; i--) {
            offset += rest % lengths[i] * strides[i];
            rest /= lengths[i];
        }
        return lengths.length > 1 ? offset + rest * strides[0] : 0;
    }

    private boolean isContiguous(int[] strides) {
        int expected = 1;
        for (int i = lengths.length - 1; i >= 0; i--) {
            if (strides[i] != expected) {
                return false;
            }
            expected *= lengths[i];
        }
        return true;
    }

    private boolean isSameInEachRow(int[] strides) {
        for (int i = 0; i < lengths.length - 1; i++) {
            if (strides[i] != 0) {
                return false;
            }
        }
        return true;
    }
}
