package athanor.kernels.reduce;

/// How many numbers become one.
public enum Reduction {
    SUM,
    MAXIMUM,
    MINIMUM;

    /// The value to start from.
    public double identity() {
        return switch (this) {
            case SUM -> 0;
            case MAXIMUM -> Double.NEGATIVE_INFINITY;
            case MINIMUM -> Double.POSITIVE_INFINITY;
        };
    }

    public double combine(double a, double b) {
        return switch (this) {
            case SUM -> a + b;
            case MAXIMUM -> Math.max(a, b);
            case MINIMUM -> Math.min(a, b);
        };
    }
}
