package athanor.kernels.matmul;

/// What is done to rows of results as soon as they are complete, while they lie in the first cache:
/// it saves a pass over memory. A result has one row of channels after another, and is computed in
/// pieces, on any thread each, but each piece on one.
public sealed interface Epilogue permits AddRelu, ChannelMoments, NoEpilogue {
    /// Called once, before all rows, with the number of pieces.
    default void begin(int pieces) {}

    /// Finishes `count` channels of the rows of y that start, at the first of these channels, at
    /// `shift + rows[i]`, for i from (inclusive) to (exclusive).
    void apply(int piece, float[] y, int shift, int[] rows, int from, int to, int count);
}
