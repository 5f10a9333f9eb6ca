package athanor.engine.check;

import athanor.engine.Backend;
import athanor.engine.Buffer;
import athanor.engine.Conv2dOptions;
import athanor.engine.DType;
import athanor.engine.HostBuffer;
import athanor.kernels.convolve.ConvolutionGeometry;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// A fused primitive that a backend overrides must give what its composition in [Backend] gives.
public final class OverrideCheck {
    private static final String NAME = "override";

    /// Calls a fused primitive on buffers: the first ones are read, the last ones written.
    @FunctionalInterface
    private interface Call {
        void run(Backend backend, List<Buffer> inputs, List<Buffer> outputs);
    }

    private record Sample(
            String method, String text, int terms, List<Input> inputs, int[] outputs, Call call) {}

    private OverrideCheck() {}

    /// One finding for each sample of an overridden method; a method without a sample is a failed
    /// one.
    public static List<Finding> run(Backend backend) {
        List<Finding> findings = new ArrayList<>();
        for (String method : overridden(backend)) {
            List<Sample> samples = samples().filter(s -> s.method().equals(method)).toList();
            if (samples.isEmpty()) {
                findings.add(Finding.failed(NAME, method, "there is no sample; add one here"));
            }
            samples.forEach(sample -> findings.add(run(sample, backend)));
        }
        return findings;
    }

    /// The names of the composed methods that a backend has its own form of.
    public static List<String> overridden(Backend backend) {
        return Arrays.stream(Backend.class.getMethods())
                .filter(Method::isDefault)
                .filter(method -> isOverridden(method, backend))
                .map(Method::getName)
                .sorted()
                .toList();
    }

    /// The backend without its overrides: what is composed in [Backend] is composed again.
    static Backend composed(Backend backend) {
        InvocationHandler handler =
                (proxy, method, arguments) -> {
                    try {
                        return method.isDefault()
                                ? InvocationHandler.invokeDefault(proxy, method, arguments)
                                : method.invoke(backend, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getTargetException();
                    }
                };
        return (Backend)
                Proxy.newProxyInstance(
                        Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, handler);
    }

    private static boolean isOverridden(Method method, Backend backend) {
        try {
            return backend.getClass()
                            .getMethod(method.getName(), method.getParameterTypes())
                            .getDeclaringClass()
                    != Backend.class;
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Finding run(Sample sample, Backend backend) {
        String subject = sample.method() + " " + sample.text();
        return Finding.attempt(
                NAME,
                subject,
                () ->
                        Tolerance.compare(
                                NAME,
                                subject,
                                results(sample, backend),
                                results(sample, composed(backend)),
                                sample.terms()));
    }

    private static double[] results(Sample sample, Backend backend) {
        List<Buffer> inputs = new ArrayList<>();
        for (Input input : sample.inputs()) {
            HostBuffer values = input.draw(DType.FLOAT32, inputs.size());
            Buffer buffer = backend.allocate(DType.FLOAT32, values.length());
            backend.copy(values, buffer, values.length());
            inputs.add(buffer);
        }
        List<Buffer> outputs = new ArrayList<>();
        for (int length : sample.outputs()) {
            outputs.add(backend.allocate(DType.FLOAT32, length));
        }
        sample.call().run(backend, inputs, outputs);
        return outputs.stream().flatMapToDouble(y -> Arrays.stream(read(backend, y))).toArray();
    }

    private static double[] read(Backend backend, Buffer y) {
        HostBuffer host = HostBuffer.allocate(y.dtype(), y.length());
        backend.copy(y, host, y.length());
        double[] values = new double[y.length()];
        Arrays.setAll(values, host::get);
        return values;
    }

    private static Stream<Sample> samples() {
        return Stream.concat(
                ConvolutionCases.SAMPLES.stream()
                        .filter(s -> s.image().dim(0) > 0)
                        .flatMap(s -> Stream.of(withMoments(s), normalized(s))),
                Stream.of(1, 3, 10, 17, 64).flatMap(OverrideCheck::normalize));
    }

    private static Sample withMoments(ConvolutionCases.Sample s) {
        ConvolutionGeometry g = geometry(s);
        return new Sample(
                "convolveWithMoments",
                s.text(),
                s.terms() * 10,
                List.of(s.x(), s.w()),
                new int[] {g.outputRows() * g.filters(), g.filters(), g.filters()},
                (backend, in, out) ->
                        backend.convolveWithMoments(
                                g, in.get(0), in.get(1), out.get(0), out.get(1), out.get(2)));
    }

    private static Sample normalized(ConvolutionCases.Sample s) {
        ConvolutionGeometry g = geometry(s);
        Input channel = Input.any(g.channels());
        return new Sample(
                "convolveNormalized",
                s.text(),
                s.terms(),
                List.of(s.x(), channel, channel, s.w()),
                new int[] {g.outputRows() * g.filters()},
                (backend, in, out) ->
                        backend.convolveNormalized(
                                g, in.get(0), in.get(1), in.get(2), in.get(3), out.get(0)));
    }

    private static Stream<Sample> normalize(int channels) {
        return Stream.of(0, 1, 2, 3)
                .flatMap(
                        variant ->
                                Stream.of(1, 7, 1025)
                                        .map(
                                                rows ->
                                                        normalize(
                                                                rows,
                                                                channels,
                                                                variant % 2 == 1,
                                                                variant / 2 == 1)));
    }

    private static Sample normalize(int rows, int channels, boolean residual, boolean relu) {
        Input matrix = Input.any(rows, channels);
        Input channel = Input.any(channels);
        return new Sample(
                "normalizeAddRelu",
                matrix.shape() + (residual ? " residual" : "") + (relu ? " relu" : ""),
                1,
                List.of(matrix, channel, channel, matrix),
                new int[] {rows * channels},
                (backend, in, out) ->
                        backend.normalizeAddRelu(
                                in.get(0),
                                rows,
                                channels,
                                in.get(1),
                                in.get(2),
                                residual ? Optional.of(in.get(3)) : Optional.empty(),
                                relu,
                                out.get(0)));
    }

    private static ConvolutionGeometry geometry(ConvolutionCases.Sample s) {
        Conv2dOptions o = s.options();
        return new ConvolutionGeometry(
                s.image().dim(0),
                s.image().dim(1),
                s.image().dim(2),
                s.image().dim(3),
                s.filters().dim(0),
                s.filters().dim(1),
                s.filters().dim(2),
                o.strideHeight(),
                o.strideWidth(),
                o.paddingHeight(),
                o.paddingWidth(),
                o.dilationHeight(),
                o.dilationWidth(),
                o.groups());
    }
}
