package athanor.engine.check;

import athanor.engine.DType;

/// How far a result may lie from the exact one, by the type it was computed in.
///
/// A sum of n numbers in any order is off by about `sqrt(n)` rounding errors of its largest partial
/// sum, for which the largest element of the exact result stands: `|y - exact| <= 8 epsilon sqrt(n)
/// (|exact| + largest)`, epsilon the distance from 1 to the next number. With n = 0, where nothing
/// is added, each element is held to its own size: `8 epsilon |exact|`. The gradients of such
/// functions are held to the gradient that came in, of which a saturated function lets little
/// through. What is too large for the type is infinite.
record Tolerance(double epsilon, double smallestNormal, double largestNumber) {

    static Tolerance of(DType type) {
        return switch (type) {
            case FLOAT16 -> new Tolerance(0x1p-10, 0x1p-14, 65504);
            case BFLOAT16 -> new Tolerance(0x1p-7, Float.MIN_NORMAL, 0x1.FEp127);
            case FLOAT32, FLOAT64, INT32, UINT8 ->
                    new Tolerance(0x1p-23, Float.MIN_NORMAL, Float.MAX_VALUE);
        };
    }

    Finding compare(String check, String subject, double[] actual, double[] exact, int terms) {
        double magnitude = terms == 0 ? 0 : largest(exact);
        return compare(check, subject, actual, exact, terms, magnitude);
    }

    /// Compares element by element; the finding is about the one that is worst for its tolerance.
    Finding compare(
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
        double scale = 8 * epsilon * Math.sqrt(Math.max(1, terms));
        Finding worst = new Finding(check, subject, 0, smallestNormal, "");
        for (int i = 0; i < exact.length; i++) {
            double tolerance = scale * (Math.abs(exact[i]) + magnitude) + smallestNormal;
            double error =
                    same(actual[i], exact[i], tolerance) ? 0 : Math.abs(actual[i] - exact[i]);
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

    private boolean same(double actual, double exact, double tolerance) {
        boolean tooLarge =
                Math.abs(exact) + tolerance > largestNumber
                        && actual == Math.copySign(Double.POSITIVE_INFINITY, exact);
        return tooLarge || actual == exact || (Double.isNaN(actual) && Double.isNaN(exact));
    }

    static double largest(double[] values) {
        double largest = 0;
        for (double value : values) {
            largest = Double.isFinite(value) ? Math.max(largest, Math.abs(value)) : largest;
        }
        return largest;
    }
}
