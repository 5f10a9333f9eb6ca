package athanor.engine;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.IdentityHashMap;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// A backend for numbers of 16 bits, made of one that computes in FLOAT32: what a primitive reads
/// is cast to FLOAT32 before it, and what it writes is rounded to 16 bits behind it. Buffers of
/// other types pass as they are, so that a norm may have images of 16 bits and FLOAT32 moments.
///
/// A primitive marked [Backend.AnyType], here or in the backend's class, is called as it is: what
/// moves elements, and on a GPU products and convolutions. Fused primitives that the backend has
/// no form of its own for are composed of others.
final class Widening implements InvocationHandler {
    private final Backend backend;

    private Widening(Backend backend) {
        this.backend = backend;
    }

    static Backend of(Backend backend) {
        return (Backend)
                Proxy.newProxyInstance(
                        Backend.class.getClassLoader(),
                        new Class<?>[] {Backend.class},
                        new Widening(backend));
    }

    /// The backend that does the work.
    static Backend within(Backend backend) {
        return Proxy.isProxyClass(backend.getClass())
                        && Proxy.getInvocationHandler(backend) instanceof Widening widening
                ? widening.backend
                : backend;
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments)
            throws Throwable {
        Method own = backend.getClass().getMethod(method.getName(), method.getParameterTypes());
        boolean asItIs =
                method.isAnnotationPresent(Backend.AnyType.class)
                        || own.isAnnotationPresent(Backend.AnyType.class);
        try {
            if (arguments == null || asItIs) {
                return method.invoke(backend, arguments);
            }
            return own.getDeclaringClass() == Backend.class
                    ? InvocationHandler.invokeDefault(proxy, method, arguments)
                    : widened(method, arguments);
        } catch (InvocationTargetException e) {
            throw e.getTargetException();
        }
    }

    private @Nullable Object widened(Method method, Object[] arguments)
            throws ReflectiveOperationException {
        // By identity: a result may lie in the buffer of an input.
        IdentityHashMap<Buffer, Buffer> wide = new IdentityHashMap<>();
        IdentityHashMap<Buffer, Buffer> written = new IdentityHashMap<>();
        Object[] replaced = new Object[arguments.length];
        try {
            for (int i = 0; i < arguments.length; i++) {
                Backend.Result result =
                        method.getParameters()[i].getAnnotation(Backend.Result.class);
                replaced[i] =
                        replace(
                                arguments[i],
                                narrow -> {
                                    Buffer buffer = wide.computeIfAbsent(narrow, this::take);
                                    if (result == null || result.reads()) {
                                        backend.cast(narrow, buffer, narrow.length());
                                    }
                                    if (result != null) {
                                        written.put(narrow, buffer);
                                    }
                                    return buffer;
                                });
            }
            Object answer = method.invoke(backend, replaced);
            written.forEach((narrow, buffer) -> backend.cast(buffer, narrow, narrow.length()));
            return answer;
        } finally {
            wide.values().forEach(backend.memory()::give);
        }
    }

    private Buffer take(Buffer narrow) {
        return backend.memory().take(DType.FLOAT32, narrow.length());
    }

    /// The argument with other buffers in place of those of 16 bits.
    private static Object replace(Object argument, UnaryOperator<Buffer> other) {
        return switch (argument) {
            case Buffer buffer -> buffer.dtype().is16Bits() ? other.apply(buffer) : buffer;
            case Optional<?> optional -> optional.map(inner -> replace(inner, other));
            case Gate.Result(Buffer y) -> new Gate.Result((Buffer) replace(y, other));
            default -> argument;
        };
    }
}
