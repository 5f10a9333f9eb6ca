package athanor.engine.check;

import static athanor.engine.check.Input.any;

import athanor.engine.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// Matrix products: edges of register tiles and cache blocks, empty ones, every transposition,
/// every kind of batch.
final class MatrixCases {
    /// m, n, k.
    private static final int[][] SIZES = {
        {1, 1, 1}, {3, 5, 7}, {8, 48, 16}, {9, 49, 17}, {17, 33, 9}, {1, 10, 100}, {65, 1, 31},
        {6, 64, 3}, {5, 7, 0}, {0, 3, 4}, {4, 0, 3}, {13, 50, 801}, {7, 1101, 40}, {203, 130, 151}
    };

    private static final int[][][] BATCHES = {
        {{2}, {2}},
        {{3}, {}},
        {{}, {3}},
        {{1}, {3}},
        {{2, 1}, {3}},
        {{2, 3}, {1, 3}},
        {{2, 1}, {1, 3}},
        {{0}, {}},
        {{1, 1}, {2}}
    };

    private MatrixCases() {}

    static Stream<OperationCase> cases() {
        List<OperationCase> cases = new ArrayList<>();
        int[] none = {};
        for (boolean transposeA : new boolean[] {false, true}) {
            for (boolean transposeB : new boolean[] {false, true}) {
                for (int[] size : SIZES) {
                    cases.add(of(none, none, size, transposeA, transposeB));
                }
                for (int[][] batch : BATCHES) {
                    cases.add(of(batch[0], batch[1], new int[] {5, 9, 7}, transposeA, transposeB));
                }
            }
        }
        cases.add(of(new int[] {40}, new int[] {40}, new int[] {33, 17, 20}, false, false));
        cases.add(of(new int[] {40}, none, new int[] {33, 17, 20}, false, true));
        return cases.stream();
    }

    private static OperationCase of(
            int[] batchA, int[] batchB, int[] size, boolean transposeA, boolean transposeB) {
        Shape a = matrix(batchA, size[0], size[2], transposeA);
        Shape b = matrix(batchB, size[2], size[1], transposeB);
        String name = a + (transposeA ? "^T " : " ") + b + (transposeB ? "^T" : "");
        return OperationCase.of(
                "matmul/" + name,
                Math.max(1, size[2]),
                t -> t.get(0).matmul(t.get(1), transposeA, transposeB),
                any().with(a),
                any().with(b));
    }

    private static Shape matrix(int[] batch, int rows, int columns, boolean transposed) {
        int[] dims = java.util.Arrays.copyOf(batch, batch.length + 2);
        dims[batch.length] = transposed ? columns : rows;
        dims[batch.length + 1] = transposed ? rows : columns;
        return Shape.of(dims);
    }
}
