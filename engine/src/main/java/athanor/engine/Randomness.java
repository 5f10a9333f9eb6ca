package athanor.engine;

import athanor.kernels.random.PhiloxKey;
import java.util.function.Supplier;

/// Where layers such as dropout take their random numbers from: a key for the step, and a count of
/// the uses within it. The same key gives the same numbers, in whatever order steps are run and
/// however often.
public final class Randomness {
    private static final ThreadLocal<Randomness> CURRENT =
            ThreadLocal.withInitial(() -> new Randomness(PhiloxKey.of(0)));

    private final PhiloxKey key;
    private int uses;

    private Randomness(PhiloxKey key) {
        this.key = key;
    }

    /// Runs the body with numbers that depend on the key alone.
    public static <T> T with(PhiloxKey key, Supplier<T> body) {
        Randomness before = CURRENT.get();
        CURRENT.set(new Randomness(key));
        try {
            return body.get();
        } finally {
            CURRENT.set(before);
        }
    }

    /// A key that was not given out before in this body.
    public static PhiloxKey next() {
        Randomness current = CURRENT.get();
        return current.key.derive(current.uses++);
    }
}
