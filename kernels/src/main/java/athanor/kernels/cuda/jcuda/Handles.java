package athanor.kernels.cuda.jcuda;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/// JCuda's objects under numbers that no two objects of the program share: one that was given back,
/// or is another device's, is noticed.
final class Handles<T> {
    private static final AtomicLong LAST = new AtomicLong();

    private final String what;
    private final Map<Long, T> live = new HashMap<>();

    Handles(String what) {
        this.what = what;
    }

    long add(T object) {
        long handle = LAST.incrementAndGet();
        live.put(handle, object);
        return handle;
    }

    T get(long handle) {
        T object = live.get(handle);
        if (object == null) {
            throw unknown(handle);
        }
        return object;
    }

    T remove(long handle) {
        T object = live.remove(handle);
        if (object == null) {
            throw unknown(handle);
        }
        return object;
    }

    void removeIf(Predicate<T> condition) {
        live.values().removeIf(condition);
    }

    Collection<T> all() {
        return live.values();
    }

    private IllegalArgumentException unknown(long handle) {
        return new IllegalArgumentException(
                "%s %d is not of this device, or was given back already".formatted(what, handle));
    }
}
