package athanor.cli;

import athanor.engine.Backend;
import athanor.kernels.convolve.ConvolutionGeometry;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Where the time of a step goes: a backend that counts the calls and the seconds of every
/// primitive of another, convolutions layer by layer.
final class Profile {
    /// What one kind of work took.
    private static final class Work {
        int calls;
        double seconds;
        double operations;
    }

    private final Map<String, Work> works = new LinkedHashMap<>();

    /// The backend, watched.
    Backend watch(Backend backend) {
        InvocationHandler handler =
                (_, method, arguments) -> {
                    long began = System.nanoTime();
                    try {
                        return method.invoke(backend, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getTargetException();
                    } finally {
                        add(method, arguments, (System.nanoTime() - began) / 1e9);
                    }
                };
        return (Backend)
                Proxy.newProxyInstance(
                        Profile.class.getClassLoader(), new Class<?>[] {Backend.class}, handler);
    }

    void clear() {
        works.clear();
    }

    private void add(Method method, Object[] arguments, double seconds) {
        ConvolutionGeometry layer =
                arguments != null
                                && arguments.length > 0
                                && arguments[0] instanceof ConvolutionGeometry geometry
                        ? geometry
                        : null;
        String name = method.getName() + (layer == null ? "" : " " + text(layer));
        Work work = works.computeIfAbsent(name, _ -> new Work());
        work.calls++;
        work.seconds += seconds;
        work.operations += layer == null ? 0 : 2.0 * layer.multiplyAdds();
    }

    private static String text(ConvolutionGeometry g) {
        return "%dx%d/%d %d->%d at %dx%d"
                .formatted(
                        g.filterHeight(),
                        g.filterWidth(),
                        g.strideHeight(),
                        g.channels(),
                        g.filters(),
                        g.height(),
                        g.width());
    }

    /// A table, the most expensive first: milliseconds a step, share, calls a step, and for
    /// convolutions the GFLOP/s a direct one would have needed.
    List<String> table(int steps) {
        double all = works.values().stream().mapToDouble(work -> work.seconds).sum();
        List<String> lines = new ArrayList<>();
        lines.add(
                "%-54s %9s %7s %6s %9s".formatted("work", "ms/step", "share", "calls", "GFLOP/s"));
        works.entrySet().stream()
                .sorted((a, b) -> Double.compare(b.getValue().seconds, a.getValue().seconds))
                .filter(entry -> entry.getValue().seconds > all / 1000)
                .forEach(entry -> lines.add(line(entry.getKey(), entry.getValue(), all, steps)));
        lines.add("%-54s %9.2f".formatted("in the backend", 1e3 * all / steps));
        return lines;
    }

    private static String line(String name, Work work, double all, int steps) {
        String rate =
                work.operations > 0 ? "%.0f".formatted(work.operations / work.seconds / 1e9) : "";
        return "%-54s %9.2f %6.1f%% %6d %9s"
                .formatted(
                        name,
                        1e3 * work.seconds / steps,
                        100 * work.seconds / all,
                        work.calls / steps,
                        rate);
    }
}
