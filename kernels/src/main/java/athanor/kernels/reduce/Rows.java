package athanor.kernels.reduce;

import static athanor.kernels.elementwise.VectorMath.LANES;
import static athanor.kernels.elementwise.VectorMath.load;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// Numbers about a row of floats, the `n` from `at` on. Sums are made in double: four vectors of
/// them, then their lanes in order, then what is left of the row.
public final class Rows {
    /// The widest vector of doubles this machine has.
    public static final VectorSpecies<Double> DOUBLES = DoubleVector.SPECIES_PREFERRED;

    private static final int WIDTH = DOUBLES.length();
    private static final VectorSpecies<Float> NARROW =
            VectorSpecies.of(float.class, VectorShape.forBitSize(DOUBLES.vectorBitSize() / 2));

    private Rows() {}

    /// The floats from `at` on as a vector of doubles.
    public static DoubleVector widen(float[] x, int at) {
        return (DoubleVector)
                FloatVector.fromArray(NARROW, x, at).convertShape(VectorOperators.F2D, DOUBLES, 0);
    }

    public static double sum(float[] x, int at, int n) {
        DoubleVector a = DoubleVector.zero(DOUBLES);
        DoubleVector b = a;
        DoubleVector c = a;
        DoubleVector d = a;
        int i = 0;
        for (; i <= n - 4 * WIDTH; i += 4 * WIDTH) {
            a = a.add(widen(x, at + i));
            b = b.add(widen(x, at + i + WIDTH));
            c = c.add(widen(x, at + i + 2 * WIDTH));
            d = d.add(widen(x, at + i + 3 * WIDTH));
        }
        double sum = i == 0 ? 0 : lanes(a.add(b).add(c.add(d)));
        for (; i < n; i++) {
            sum += x[at + i];
        }
        return sum;
    }

    /// The sum of `(x - center)^2`.
    public static double squares(float[] x, int at, int n, double center) {
        DoubleVector a = DoubleVector.zero(DOUBLES);
        DoubleVector b = a;
        int i = 0;
        for (; i <= n - 2 * WIDTH; i += 2 * WIDTH) {
            DoubleVector first = widen(x, at + i).sub(center);
            DoubleVector second = widen(x, at + i + WIDTH).sub(center);
            a = first.fma(first, a);
            b = second.fma(second, b);
        }
        double sum = i == 0 ? 0 : lanes(a.add(b));
        for (; i < n; i++) {
            double d = x[at + i] - center;
            sum += d * d;
        }
        return sum;
    }

    /// The sum of `x (y - center)`.
    public static double dot(float[] x, int xAt, float[] y, int yAt, int n, double center) {
        DoubleVector a = DoubleVector.zero(DOUBLES);
        DoubleVector b = a;
        int i = 0;
        for (; i <= n - 2 * WIDTH; i += 2 * WIDTH) {
            a = widen(x, xAt + i).fma(widen(y, yAt + i).sub(center), a);
            b = widen(x, xAt + i + WIDTH).fma(widen(y, yAt + i + WIDTH).sub(center), b);
        }
        double sum = i == 0 ? 0 : lanes(a.add(b));
        for (; i < n; i++) {
            sum += x[xAt + i] * (y[yAt + i] - center);
        }
        return sum;
    }

    /// The largest, negative infinity of none, NaN if any is NaN.
    public static float maximum(float[] x, int at, int n) {
        float best = Float.NEGATIVE_INFINITY;
        int i = 0;
        if (n >= LANES) {
            FloatVector v = load(x, at);
            for (i = LANES; i <= n - LANES; i += LANES) {
                v = v.max(load(x, at + i));
            }
            best = v.reduceLanes(VectorOperators.MAX);
        }
        for (; i < n; i++) {
            best = Math.max(best, x[at + i]);
        }
        return best;
    }

    /// The smallest, infinity of none, NaN if any is NaN.
    public static float minimum(float[] x, int at, int n) {
        float best = Float.POSITIVE_INFINITY;
        int i = 0;
        if (n >= LANES) {
            FloatVector v = load(x, at);
            for (i = LANES; i <= n - LANES; i += LANES) {
                v = v.min(load(x, at + i));
            }
            best = v.reduceLanes(VectorOperators.MIN);
        }
        for (; i < n; i++) {
            best = Math.min(best, x[at + i]);
        }
        return best;
    }

    /// The lanes added in order: a reduction by one instruction would give other bits compiled than
    /// interpreted.
    private static double lanes(DoubleVector v) {
        double sum = 0;
        for (int i = 0; i < WIDTH; i++) {
            sum += v.lane(i);
        }
        return sum;
    }
}
