package athanor.engine.check;

import java.util.function.Supplier;

/// What a check found out about one subject: it passed if the error is within the tolerance.
///
/// @param error the worst difference, infinite where the check could not be done
/// @param detail where it was, or what was thrown
public record Finding(String check, String subject, double error, double tolerance, String detail) {

    public boolean passed() {
        return error <= tolerance;
    }

    static Finding failed(String check, String subject, String detail) {
        return new Finding(check, subject, Double.POSITIVE_INFINITY, 0, detail);
    }

    /// Makes a failed finding of what the check throws.
    static Finding attempt(String check, String subject, Supplier<Finding> body) {
        try {
            return body.get();
        } catch (RuntimeException | AssertionError e) {
            return failed(check, subject, e.toString());
        }
    }

    @Override
    public String toString() {
        return "%s  %-12s %-40s error %.2e of %.2e  %s"
                .formatted(passed() ? "ok  " : "FAIL", check, subject, error, tolerance, detail);
    }
}
