package athanor.engine;

import java.util.function.Supplier;

/// Whether operations record the graph that [Tensor#backward] walks. It is on unless turned off,
/// per thread.
public final class GradMode {
    private static final ThreadLocal<Boolean> ENABLED = ThreadLocal.withInitial(() -> true);

    private GradMode() {}

    public static boolean isEnabled() {
        return ENABLED.get();
    }

    /// Runs the body without recording: for evaluation, and for what changes parameters.
    public static <T> T off(Supplier<T> body) {
        boolean before = ENABLED.get();
        ENABLED.set(false);
        try {
            return body.get();
        } finally {
            ENABLED.set(before);
        }
    }
}
