package athanor.kernels.cuda;

import athanor.kernels.cuda.Driver.Stream;

/// Matrix products on a GPU as cuBLAS does them, asynchronously in the stream it is bound to.
///
/// **Columns and rows.** cuBLAS comes from Fortran: a matrix lies column after column, and its
/// leading dimension is the number of elements from one column to the next. Ours lie row after row.
/// The same numbers, read as columns, are the transposed matrix: a row-major `C [m, n]` *is* a
/// column-major `C^T`, n rows high, with the same leading dimension. And `C = A B` is the same as
/// `C^T = B^T A^T`. So a row-major product needs no transposition, only the other order:
///
/// ```
/// row-major     C[m, n] = A[m, k] B[k, n]            rows lda, ldb, ldc apart
/// the call      gemm(NONE, NONE, n, m, k, 1, B, ldb, A, lda, 0, C, ldc)
/// ```
///
/// Where ours is to be transposed, so is theirs: `C = A B^T` is `gemm(TRANSPOSE, NONE, n, m, k,
/// ..., B, A, ...)`. This interface takes what the real call takes, column-major. With `op` the
/// matrix itself or transposed:
///
/// `C = alpha op(A) op(B) + beta C`, C of m rows and n columns, op(A) m x k, op(B) k x n
///
/// and lda is at least m (k if A is transposed), ldb at least k (n if B is transposed), ldc at
/// least m. With beta 0, C is not read. Sums are float32 for each type of the numbers. Sums have
/// the same order at each run as long as the workspace and the device are the same.
public interface Blas extends AutoCloseable {

    /// What is done to a matrix before it is multiplied.
    enum Operation {
        NONE,
        TRANSPOSE
    }

    /// Sends all further products to the stream. The workspace belongs to the caller, who gives it
    /// to nobody else as long as it is bound: with a workspace of our own for each stream, results
    /// do not depend on what runs beside.
    ///
    /// @param workspace a multiple of 256
    /// @param workspaceBytes 4 MB suffice, 32 MB since sm_90
    void bind(Stream stream, long workspace, long workspaceBytes);

    /// Whether float32 products may round their factors to TF32: 10 bits of fraction instead of
    /// 23, many times as fast since sm_80. Off at first.
    void allowTf32(boolean allowed);

    /// The product of float32 matrices.
    void gemm(
            Operation operationA,
            Operation operationB,
            int m,
            int n,
            int k,
            float alpha,
            long a,
            int lda,
            long b,
            int ldb,
            float beta,
            long c,
            int ldc);

    /// `batch` products of float32 matrices; matrix i of A starts `i strideA` elements behind the
    /// first, and so on. A stride of 0 uses the same A, or B, for all.
    void gemmStridedBatched(
            Operation operationA,
            Operation operationB,
            int m,
            int n,
            int k,
            float alpha,
            long a,
            int lda,
            long strideA,
            long b,
            int ldb,
            long strideB,
            float beta,
            long c,
            int ldc,
            long strideC,
            int batch);

    /// The product of matrices of `type`, into one of `typeC`, that type or float32. Sums are
    /// float32. BFLOAT16 needs sm_80, FLOAT16 sm_53.
    void gemmEx(
            Operation operationA,
            Operation operationB,
            int m,
            int n,
            int k,
            float alpha,
            long a,
            DataType type,
            int lda,
            long b,
            int ldb,
            float beta,
            long c,
            DataType typeC,
            int ldc);

    @Override
    void close();
}
