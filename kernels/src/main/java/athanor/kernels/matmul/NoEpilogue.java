package athanor.kernels.matmul;

/// Leaves results as they are.
public enum NoEpilogue implements Epilogue {
    NONE;

    @Override
    public void apply(int piece, float[] y, int shift, int[] rows, int from, int to, int count) {}
}
