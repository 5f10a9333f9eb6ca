package athanor.engine.check;

/// How far a float32 result may lie from the exact one.
///
/// A sum of n numbers in any order is off by about `sqrt(n)` rounding errors of its largest partial
/// sum, for which the largest element of the exact result stands: `|y - exact| <= 8 epsilon sqrt(n)
/// (|exact| + largest)`, epsilon = 2^-23. With n = 0, where nothing is added, each element is held
/// to its own size: `8 epsilon |exact|`. The gradients of such functions are held to the gradient
/// that came in, of which a saturated function lets little through.
final class Tolerance {
    private static final double EPSILON = 0x1p-23;
    private static final double SMALLEST_NORMAL = Float.MIN_NORMAL;

    private Tolerance() {}

    static Finding compare(
            String check, String subject, double[] actual, double[] exact, int terms) {
        double magnitude = terms == 0 ? 0 : largest(exact);
        return compare(check, subject, actual, exact, terms, magnitude);
    }

    /// Compares element by element; the finding is about the one that is worst for its tolerance.
    static Finding compare(
            String check,
            String subject,
            double[] actual,
            double[] exact,
            int terms,
            double magnitude) {
        if (actual.length != exact.length) {
            return Finding.failed(
                    check, subject, actual.length + " elements instead of " + exact.length);
        }
        double scale = 8 * EPSILON * Math.sqrt(Math.max(1, terms));
        Finding worst = new Finding(check, subject, 0, SMALLEST_NORMAL, "");
        for (int i = 0; i < exact.length; i++) {
            double tolerance = scale * (Math.abs(exact[i]) + magnitude) + SMALLEST_NORMAL;
            double error = same(actual[i], exact[i]) ? 0 : Math.abs(actual[i] - exact[i]);
            if (!(error / tolerance <= worst.error() / worst.tolerance())) {
                String detail = "element %d is %s instead of %s".formatted(i, actual[i], exact[i]);
                worst = new Finding(check, subject, error, tolerance, detail);
                if (Double.isNaN(error)) {
                    break;
                }
            }
        }
        return worst;
    }

    private static boolean same(double a, double b) {
        return a == b || (Double.isNaN(a) && Double.isNaN(b));
    }

    static double largest(double[] values) {
        double largest = 0;
        for (double value : values) {
            largest = Double.isFinite(value) ? Math.max(largest, Math.abs(value)) : largest;
        }
        return largest;
    }
}
