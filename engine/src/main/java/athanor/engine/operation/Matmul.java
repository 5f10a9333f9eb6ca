package athanor.engine.operation;

import athanor.engine.MatrixProduct;
import athanor.engine.Shape;
import athanor.engine.ShapeMismatch;
import athanor.engine.Tape;
import athanor.engine.Tensor;

/// Y = A B. dA = dY B^T, dB = A^T dY. Axes before the last two are a batch, and broadcast.
public final class Matmul {
    private Matmul() {}

    /// The product, each operand transposed first if asked for: `[..., m, k]` by `[..., k, n]` is
    /// `[..., m, n]`.
    public static Tensor matmul(Tensor a, Tensor b, boolean transposeA, boolean transposeB) {
        Tensor y = product(a, b, transposeA, transposeB);
        return Tape.record(
                "matmul",
                y,
                Tape.edge(
                        a,
                        dy ->
                                transposeA
                                        ? product(b, dy, transposeB, true)
                                        : product(dy, b, false, !transposeB),
                        b),
                Tape.edge(
                        b,
                        dy ->
                                transposeB
                                        ? product(dy, a, true, transposeA)
                                        : product(a, dy, !transposeA, false),
                        a));
    }

    private static Tensor product(Tensor a, Tensor b, boolean transposeA, boolean transposeB) {
        Raw.requireSameKind("matmul", a, b);
        requireMatrices(a, b);
        int m = a.shape().dim(transposeA ? -1 : -2);
        int k = a.shape().dim(transposeA ? -2 : -1);
        int n = b.shape().dim(transposeB ? -2 : -1);
        if (k != b.shape().dim(transposeB ? -1 : -2)) {
            throw new ShapeMismatch(
                    "matmul",
                    "the inner dimensions differ, "
                            + k
                            + " on the left and "
                            + b.shape().dim(transposeB ? -1 : -2)
                            + " on the right",
                    a.shape(),
                    b.shape(),
                    "They must be equal. Did you mean right.transpose(), or a layer of "
                            + k
                            + " inputs?");
        }
        Shape batchA = batch(a);
        Shape batchB = batch(b);
        Shape batch = Shape.broadcast("matmul", batchA, batchB);
        Tensor left = batchA.size() == 1 || batchA.equals(batch) ? a : stretch(a, batch);
        Tensor right = batchB.size() == 1 || batchB.equals(batch) ? b : stretch(b, batch);
        int[] dims = java.util.Arrays.copyOf(batch.dims(), batch.rank() + 2);
        dims[batch.rank()] = m;
        dims[batch.rank() + 1] = n;
        Tensor y = a.emptyLike(Shape.of(dims));
        MatrixProduct product =
                new MatrixProduct(
                        batch.size(),
                        m,
                        n,
                        k,
                        transposeA,
                        transposeB,
                        batch(left).size() == 1 ? 0 : m * k,
                        batch(right).size() == 1 ? 0 : k * n,
                        false);
        a.backend().matmul(product, left.buffer(), right.buffer(), y.buffer());
        return y;
    }

    private static void requireMatrices(Tensor a, Tensor b) {
        if (a.shape().rank() < 2 || b.shape().rank() < 2) {
            throw new ShapeMismatch(
                    "matmul",
                    "both sides need two axes or more",
                    a.shape(),
                    b.shape(),
                    "Did you mean a reshape of a vector to one row or one column?");
        }
    }

    private static Shape batch(Tensor x) {
        return Shape.of(java.util.Arrays.copyOf(x.shape().dims(), x.shape().rank() - 2));
    }

    private static Tensor stretch(Tensor x, Shape batch) {
        int[] dims = java.util.Arrays.copyOf(batch.dims(), batch.rank() + 2);
        dims[batch.rank()] = x.shape().dim(-2);
        dims[batch.rank() + 1] = x.shape().dim(-1);
        return Expand.repeat(x, Shape.of(dims));
    }
}
