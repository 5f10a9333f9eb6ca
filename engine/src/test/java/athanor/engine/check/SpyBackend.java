package athanor.engine.check;

import athanor.engine.Backend;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.function.BiConsumer;

/// A backend that does something before and after every call of another.
final class SpyBackend {
    private SpyBackend() {}

    static Backend around(
            Backend backend,
            BiConsumer<Method, Object[]> before,
            BiConsumer<Method, Object[]> after) {
        return (Backend)
                Proxy.newProxyInstance(
                        Backend.class.getClassLoader(),
                        new Class<?>[] {Backend.class},
                        (_, method, arguments) -> {
                            before.accept(method, arguments);
                            try {
                                Object result = method.invoke(backend, arguments);
                                after.accept(method, arguments);
                                return result;
                            } catch (InvocationTargetException e) {
                                throw e.getTargetException();
                            }
                        });
    }
}
