package athanor.kernels.elementwise;

import static athanor.kernels.elementwise.VectorMath.LANES;
import static athanor.kernels.elementwise.VectorMath.load;

import athanor.kernels.parallel.Parallel;
import jdk.incubator.vector.VectorOperators;

/// Functions of one or two numbers along arrays of float.
public final class Elementwise {
    private Elementwise() {}

    /// `y[i] = f(x[i])` for i < n; y may be x.
    public static void unary(Unary function, float[] x, float[] y, int n) {
        Parallel.range(
                n, Parallel.pieceOf(n), (from, to) -> UnaryLoops.run(function, x, y, from, to));
    }

    /// `y[i] = f(a[i], b[i])` for i < n; y may be a or b.
    public static void binary(Binary function, float[] a, float[] b, float[] y, int n) {
        Parallel.range(
                n,
                Parallel.pieceOf(n),
                (from, to) -> BinaryLoops.run(function, a, from, b, from, y, from, to - from));
    }

    /// `y[i] = f(a[i], b[i])` for all index tuples i of a contiguous y with these lengths; the
    /// strides say how far to step in a and b along each axis, 0 where they repeat. y may be an
    /// operand that nowhere repeats.
    public static void binary(
            Binary function,
            float[] a,
            int[] aStrides,
            float[] b,
            int[] bStrides,
            float[] y,
            int[] lengths) {
        Broadcast.of(lengths, aStrides, bStrides).run(function, a, b, y);
    }

    /// `y[i] = condition[i] != 0 ? a[i] : b[i]` for i < n.
    public static void select(float[] condition, float[] a, float[] b, float[] y, int n) {
        Parallel.range(
                n,
                Parallel.pieceOf(n),
                (from, to) -> {
                    int i = from;
                    for (; i <= to - LANES; i += LANES) {
                        load(a, i)
                                .blend(
                                        load(b, i),
                                        load(condition, i).compare(VectorOperators.EQ, 0))
                                .intoArray(y, i);
                    }
                    for (; i < to; i++) {
                        y[i] = condition[i] == 0 ? b[i] : a[i];
                    }
                });
    }

    /// Bytes, unsigned, to floats.
    public static void cast(byte[] x, float[] y, int n) {
        Parallel.range(
                n,
                Parallel.pieceOf(n),
                (from, to) -> {
                    for (int i = from; i < to; i++) {
                        y[i] = x[i] & 0xff;
                    }
                });
    }

    public static void cast(int[] x, float[] y, int n) {
        Parallel.range(
                n,
                Parallel.pieceOf(n),
                (from, to) -> {
                    for (int i = from; i < to; i++) {
                        y[i] = x[i];
                    }
                });
    }

    /// Rounds towards zero.
    public static void cast(float[] x, int[] y, int n) {
        Parallel.range(
                n,
                Parallel.pieceOf(n),
                (from, to) -> {
                    for (int i = from; i < to; i++) {
                        y[i] = (int) x[i];
                    }
                });
    }
}
