package athanor.engine;

/// The sizes of a batch of matrix products of `a [m, k]` and `b [k, n]` into `y [m, n]`. A
/// transposed operand lies in memory the other way round. A batch stride is the number of elements
/// from one matrix to the next, 0 where the same matrix serves all.
public record MatrixProduct(
        int batch,
        int m,
        int n,
        int k,
        boolean transposeA,
        boolean transposeB,
        int batchStrideA,
        int batchStrideB,
        boolean accumulate) {}
