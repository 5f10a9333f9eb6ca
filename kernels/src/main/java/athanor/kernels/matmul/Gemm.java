package athanor.kernels.matmul;

/// Products of float matrices that lie in arrays row after row. A matrix starts at an offset, and its leading dimension
/// (`lda`, `ldb`, `ldc`) is the number of elements from one row to the next, as in BLAS.
public final class Gemm {
    private Gemm() {}

    /// `C = op(A) op(B)`, or with `accumulate` `C += op(A) op(B)`: C is `m x n`, op(A) `m x k`, op(B) `k x n`, and op
    /// transposes where it is asked to.
    public static void multiply(
            boolean transposeA,
            boolean transposeB,
            int m,
            int n,
            int k,
            float[] a,
            int aOffset,
            int lda,
            float[] b,
            int bOffset,
            int ldb,
            float[] c,
            int cOffset,
            int ldc,
            boolean accumulate) {
        plain(transposeA, transposeB, m, n, k, a, aOffset, lda, b, bOffset, ldb, c, cOffset, ldc, accumulate);
    }

    /// The same in three loops: what a matrix product is, and what the tests compare with. Sums are doubles.
    public static void plain(
            boolean transposeA,
            boolean transposeB,
            int m,
            int n,
            int k,
            float[] a,
            int aOffset,
            int lda,
            float[] b,
            int bOffset,
            int ldb,
            float[] c,
            int cOffset,
            int ldc,
            boolean accumulate) {
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = accumulate ? c[cOffset + i * ldc + j] : 0;
                for (int l = 0; l < k; l++) {
                    float left = a[aOffset + (transposeA ? l * lda + i : i * lda + l)];
                    float right = b[bOffset + (transposeB ? j * ldb + l : l * ldb + j)];
                    sum += (double) left * right;
                }
                c[cOffset + i * ldc + j] = (float) sum;
            }
        }
    }
}
