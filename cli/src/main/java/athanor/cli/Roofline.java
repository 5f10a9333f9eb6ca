package athanor.cli;

import athanor.engine.Backend;
import athanor.engine.Backend.Update;
import athanor.engine.DType;
import athanor.engine.DeviceBuffer;
import athanor.engine.Gate;
import athanor.engine.MatrixProduct;
import athanor.engine.Memory;
import athanor.engine.Shape;
import athanor.kernels.convolve.ConvolutionGeometry;
import athanor.kernels.pool.PoolGeometry;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The least time that the work of a step can take on a GPU: each kernel the longer of its
/// operations at the peak rate and its bytes at the full bandwidth (Williams, Waterman and
/// Patterson 2009). The work is what the engine asks of a backend that notes it and computes
/// nothing.
final class Roofline {
    /// A GPU by its data sheet: operations a second of float32, TF32 and half precision (dense),
    /// and bytes a second.
    @SuppressWarnings("ImmutableEnumChecker") // Nobody writes into the rates.
    enum Gpu {
        A100("A100 SXM 80 GB", 19.5e12, 156e12, 312e12, 2.039e12),
        H100("H100 SXM", 66.9e12, 494.7e12, 989.4e12, 3.35e12);

        private final String words;
        private final double[] rates;
        private final double bandwidth;

        Gpu(String words, double float32, double tf32, double half, double bandwidth) {
            this.words = words;
            rates = new double[] {float32, tf32, half};
            this.bandwidth = bandwidth;
        }
    }

    private static final List<String> PRECISIONS = List.of("float32", "TF32", "AMP");

    /// Composed methods that the GPU backend has no form of its own for.
    private static final Set<String> COMPOSED = Set.of("convolveWithMoments", "convolveNormalized");

    /// Kernels of one kind.
    private static final class Work {
        int calls;
        double operations;
        /// Read or written; those that stay float32 in mixed precision apart.
        double numbers;
        double wideNumbers;
        boolean products;
    }

    private final Map<String, Work> works = new LinkedHashMap<>();
    private final Backend backend;
    private final Memory memory;

    Roofline() {
        InvocationHandler handler = this::call;
        backend =
                (Backend)
                        Proxy.newProxyInstance(
                                Roofline.class.getClassLoader(),
                                new Class<?>[] {Backend.class},
                                handler);
        memory = new Memory(backend);
    }

    /// A backend whose work is noted; its buffers have no memory.
    Backend backend() {
        return backend;
    }

    /// The most bytes in use so far.
    long peakBytes() {
        return memory.peak();
    }

    void clear() {
        works.clear();
    }

    private @Nullable Object call(Object proxy, Method method, Object... a) throws Throwable {
        switch (method.getName()) {
            case "name" -> {
                return "roofline";
            }
            case "memory" -> {
                return memory;
            }
            case "allocate" -> {
                return new DeviceBuffer((DType) a[0], (Integer) a[1], 0);
            }
            case "free" -> {}
            default -> {
                if (COMPOSED.contains(method.getName())) {
                    return InvocationHandler.invokeDefault(proxy, method, a);
                }
                note(method.getName(), a);
            }
        }
        return null;
    }

    private void note(String name, Object... a) {
        switch (a[0]) {
            case ConvolutionGeometry g -> convolution(name, g, a);
            case MatrixProduct p -> {
                double numbers = (double) p.m() * p.k() + (double) p.k() * p.n();
                numbers += (double) p.m() * p.n();
                add(name, 2.0 * p.batch() * p.m() * p.n() * p.k(), p.batch() * numbers, true);
            }
            case PoolGeometry g -> {
                double inputs = (double) g.batch() * g.height() * g.width() * g.channels();
                double outputs = (double) g.batch() * g.outputHeight() * g.outputWidth();
                boolean max = name.startsWith("max");
                add(name, inputs, inputs + (max ? 2 : 1) * outputs * g.channels(), false);
            }
            default -> {
                if (name.equals("update")) {
                    update((List<?>) a[1]);
                } else {
                    add(name, 0, numbers(name, a), false);
                }
            }
        }
    }

    private void convolution(String name, ConvolutionGeometry g, Object... a) {
        double x = (double) g.batch() * g.height() * g.width() * g.channels();
        double y = (double) g.outputRows() * g.filters();
        double w = (double) g.filters() * g.filterLength();
        double more = name.startsWith("add") ? x : 0;
        if (name.equals("convolveAddRelu") && ((Optional<?>) a[4]).isPresent()) {
            more = y;
        }
        String pass =
                name.contains("InputGradient")
                        ? "input gradient"
                        : name.contains("FilterGradient") ? "filter gradient" : "forward";
        String layer =
                "%dx%d/%d %4d -> %4d at %dx%d, %s"
                        .formatted(
                                g.filterHeight(),
                                g.filterWidth(),
                                g.strideHeight(),
                                g.channels(),
                                g.filters(),
                                g.height(),
                                g.width(),
                                pass);
        add(layer, 2.0 * g.multiplyAdds(), x + y + w + more, true);
    }

    /// Parameters, gradients and states are float32 in mixed precision, too.
    private void update(List<?> updates) {
        double numbers = 0;
        for (Object each : updates) {
            Update update = (Update) each;
            numbers += (3.0 + 2 * update.state().size()) * update.length();
        }
        Work work = works.computeIfAbsent("update", _ -> new Work());
        work.calls++;
        work.wideNumbers += numbers;
    }

    /// Numbers that a kernel reads and writes, by its arguments.
    private static double numbers(String name, Object... a) {
        return switch (name) {
            case "copy", "cast", "unary" -> 2.0 * (Integer) a[a.length - 1];
            case "fill" -> (Integer) a[1];
            case "select" -> 4.0 * (Integer) a[4];
            case "transpose" -> 2.0 * ((Shape) a[1]).size();
            case "copyBlock" -> 2.0 * ((Shape) a[6]).size();
            case "gather", "scatterAdd" -> 2.0 * (Integer) a[1] * (Integer) a[3];
            case "oneHot" -> (double) (Integer) a[1] * (Integer) a[2];
            case "binary" ->
                    (double) ((Shape) a[2]).size() + ((Shape) a[4]).size() + ((Shape) a[6]).size();
            case "reduce" -> ((Shape) a[2]).size();
            case "argmax" -> (double) (Integer) a[1] * (Integer) a[2] * (Integer) a[3];
            case "channelMoments" -> rows(a, 1);
            case "normalizeAddRelu" -> rows(a, 1) * (((Optional<?>) a[5]).isPresent() ? 3 : 2);
            case "batchNormSums" -> rows(a, 3) * (2 + gate(a[1]));
            case "batchNormGradient" ->
                    rows(a, 3) * (3 + gate(a[1]) + (((Optional<?>) a[11]).isPresent() ? 1 : 0));
            case "layerNorm", "softmax", "logSoftmax", "localResponseNorm" -> 2 * rows(a, 1);
            case "layerNormGradient", "softmaxGradient", "logSoftmaxGradient" -> 3 * rows(a, 2);
            case "localResponseNormGradient" -> 4 * rows(a, 3);
            case "uniform", "normal", "dropoutMask" -> (Integer) a[a.length - 1];
            default -> throw new IllegalStateException("what " + name + " moves is not known");
        };
    }

    private static double rows(Object[] a, int at) {
        return (double) (Integer) a[at] * (Integer) a[at + 1];
    }

    private static int gate(Object gate) {
        return gate instanceof Gate.Result ? 1 : 0;
    }

    private void add(String what, double operations, double numbers, boolean products) {
        Work work = works.computeIfAbsent(what, _ -> new Work());
        work.calls++;
        work.operations += operations;
        work.numbers += numbers;
        work.products |= products;
    }

    private static double bytes(Work work, int precision) {
        return 4 * work.wideNumbers + (precision == 2 ? 2 : 4) * work.numbers;
    }

    private static double seconds(Work work, Gpu gpu, int precision) {
        double rate = gpu.rates[work.products ? precision : 0];
        return Math.max(work.operations / rate, bytes(work, precision) / gpu.bandwidth);
    }

    /// A line for each layer and pass, the longest first, and what the sums allow.
    List<String> table(Gpu gpu, int batch) {
        List<String> lines = new ArrayList<>();
        lines.add(
                "%s: %.1f, %.0f and %.0f TFLOP/s with float32, TF32 and half precision, %.2f TB/s"
                        .formatted(
                                gpu.words,
                                gpu.rates[0] / 1e12,
                                gpu.rates[1] / 1e12,
                                gpu.rates[2] / 1e12,
                                gpu.bandwidth / 1e12));
        lines.add("");
        lines.add(
                "%-46s %5s %9s %8s %27s"
                        .formatted("work", "calls", "GFLOP", "GB", "ms: float32    TF32     AMP"));
        double[] sums = new double[PRECISIONS.size()];
        double[] memoryBound = new double[sums.length];
        double operations = 0;
        double gigabytes = 0;
        List<Map.Entry<String, Work>> sorted = new ArrayList<>(works.entrySet());
        sorted.sort(
                (a, b) ->
                        Double.compare(
                                seconds(b.getValue(), gpu, 1), seconds(a.getValue(), gpu, 1)));
        for (Map.Entry<String, Work> entry : sorted) {
            Work work = entry.getValue();
            StringBuilder times = new StringBuilder();
            for (int p = 0; p < sums.length; p++) {
                double time = seconds(work, gpu, p);
                boolean bytes = time <= bytes(work, p) / gpu.bandwidth;
                times.append("%8.2f%s".formatted(1e3 * time, bytes ? "b" : "f"));
                sums[p] += time;
                memoryBound[p] += bytes ? time : 0;
            }
            operations += work.operations;
            gigabytes += bytes(work, 1) / 1e9;
            lines.add(
                    "%-46s %5d %9.1f %8.2f %s"
                            .formatted(
                                    entry.getKey(),
                                    work.calls,
                                    work.operations / 1e9,
                                    bytes(work, 1) / 1e9,
                                    times));
        }
        lines.add("");
        lines.add(
                "batch of %d: %.0f GFLOP, %.1f GB in float32; b: bound by bytes, f: by operations"
                        .formatted(batch, operations / 1e9, gigabytes));
        for (int p = 0; p < sums.length; p++) {
            lines.add(
                    "%-8s at most %,7.0f images/s: %.1f ms, of which %.0f %% bound by bytes"
                            .formatted(
                                    PRECISIONS.get(p),
                                    batch / sums[p],
                                    1e3 * sums[p],
                                    100 * memoryBound[p] / sums[p]));
        }
        lines.add("memory of the step at its peak: %.1f GB".formatted(peakBytes() / 1e9));
        return lines;
    }
}
