package athanor.engine.check;

import athanor.engine.Backend;
import athanor.engine.Buffer;
import athanor.engine.DType;
import athanor.engine.Memory;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// A backend that, before every call, fills each buffer that nobody holds with NaN: what is used
/// after it was given back, or read before it was written, shows in the results.
final class PoisonedBackend implements InvocationHandler {
    private record Kind(DType dtype, int length) {}

    private static final class Exhausted extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private final Backend real;
    private final Backend proxy;
    private final Memory memory;
    private final Set<Kind> kinds = new LinkedHashSet<>();
    private boolean draining;

    private PoisonedBackend(Backend real) {
        this.real = real;
        proxy =
                (Backend)
                        Proxy.newProxyInstance(
                                Backend.class.getClassLoader(),
                                new Class<?>[] {Backend.class},
                                this);
        memory = new Memory(proxy);
    }

    static Backend of(Backend real) {
        return new PoisonedBackend(real).proxy;
    }

    @Override
    public Object invoke(Object ignored, Method method, Object[] arguments) throws Throwable {
        switch (method.getName()) {
            case "memory" -> {
                return memory;
            }
            case "allocate" -> {
                if (draining) {
                    throw new Exhausted();
                }
                kinds.add(new Kind((DType) arguments[0], (int) arguments[1]));
            }
            case "name", "equals", "hashCode", "toString" -> {}
            default -> poison();
        }
        try {
            Object result = method.invoke(real, arguments);
            if (result instanceof Buffer buffer) {
                fill(buffer);
            }
            return result;
        } catch (InvocationTargetException e) {
            throw e.getTargetException();
        }
    }

    /// Takes all that is free out of the pool, and puts it back.
    private void poison() {
        draining = true;
        List<Buffer> free = new ArrayList<>();
        for (Kind kind : kinds) {
            try {
                while (true) {
                    free.add(memory.take(kind.dtype(), kind.length()));
                }
            } catch (Exhausted e) {
                // There is no free buffer of this kind.
            }
        }
        draining = false;
        free.forEach(this::fill);
        free.forEach(memory::give);
    }

    private void fill(Buffer buffer) {
        real.fill(buffer, buffer.length(), buffer.dtype().isFloating() ? Double.NaN : -99);
    }
}
