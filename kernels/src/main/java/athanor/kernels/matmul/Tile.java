package athanor.kernels.matmul;

/// The innermost loop of every matrix product and convolution: a tile of [Tiles#ROWS] rows by a few
/// vectors of C, all of it in registers, while k runs over a depth:
///
/// `C[i, j] (+)= sum over k below depth of A[i, k] B[k, j]`
interface Tile {
    /// @param depth how many k
    /// @param a holds `A[i, k]` at `aShift + aRows[aRow + i] + k`, or in a tile of columns at
    /// `aShift + aRows[aRow] + k * stride + i`
    /// @param b holds `B[k, j]` at `bOffset + k * width + j`: a packed panel, see [Panels]
    /// @param c holds `C[i, j]` at `cShift + cRows[cRow + i] + j`
    void run(
            int depth,
            float[] a,
            int aShift,
            int[] aRows,
            int aRow,
            float[] b,
            int bOffset,
            float[] c,
            int cShift,
            int[] cRows,
            int cRow);
}
