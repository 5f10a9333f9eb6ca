package athanor.bench;

import athanor.engine.Backend;
import athanor.engine.Buffer;
import athanor.engine.DType;
import athanor.engine.HostBuffer;
import athanor.kernels.random.PhiloxKey;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.function.IntToDoubleFunction;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// What the benchmarks share: how JMH runs them, and that a kernel is compared with the reference
/// backend before it is timed.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 2,
        // Prepended, so that -jvmArgsAppend remains free for whoever measures.
        jvmArgsPrepend = {
            "--add-modules=jdk.incubator.vector",
            "--sun-misc-unsafe-memory-access=allow"
        })
public abstract class KernelBenchmark {
    /// In units of the largest number of a result, what rounding may change: Winograd with 5x5
    /// filters comes to 1e-5.
    private static final double TOLERANCE = 3e-5;

    /// What the reference does in a second or two.
    private static final double CHECKED_MULTIPLICATIONS = 1 << 28;

    static final Kernel NOTHING = (backend, x) -> {};

    /// The name of the backend to measure.
    @Param("cpu")
    public String device = "";

    private Runnable call = () -> {};
    private double work;

    /// Something that a backend does with the arrays of a benchmark, inputs first.
    @FunctionalInterface
    interface Kernel {
        void run(Backend backend, Buffer[] x);
    }

    /// Checks the kernel and keeps it to be timed, both with arrays of these lengths, which hold
    /// standard normal numbers. Work is what one call does, in floating-point operations or in
    /// floats read and written.
    void prepare(double work, Kernel kernel, int... lengths) {
        prepare(work, NOTHING, kernel, lengths);
    }

    /// The same, where the arrays must first be made fit for the kernel.
    void prepare(double work, Kernel start, Kernel kernel, int... lengths) {
        check(start, kernel, lengths);
        time(work, start, kernel, lengths);
    }

    /// Runs the kernel once on the backend and once on the reference, and compares all arrays. The
    /// reference is slow: where it would take minutes, a smaller size of the same kind is checked.
    void check(Kernel start, Kernel kernel, int... lengths) {
        Buffer[] x = buffers(backend(), lengths);
        Buffer[] wanted = buffers(Backend.reference(), lengths);
        run(backend(), start, kernel, x);
        run(Backend.reference(), start, kernel, wanted);
        for (int i = 0; i < x.length; i++) {
            HostBuffer result = HostBuffer.allocate(x[i].dtype(), lengths[i]);
            HostBuffer expected = HostBuffer.allocate(x[i].dtype(), lengths[i]);
            backend().copy(x[i], result, lengths[i]);
            Backend.reference().copy(wanted[i], expected, lengths[i]);
            check("array " + i, lengths[i], result::get, expected::get);
        }
    }

    private static void run(Backend backend, Kernel start, Kernel kernel, Buffer[] x) {
        start.run(backend, x);
        kernel.run(backend, x);
    }

    /// Keeps the kernel to be timed, unchecked.
    void time(double work, Kernel start, Kernel kernel, int... lengths) {
        Backend backend = backend();
        Buffer[] x = buffers(backend, lengths);
        start.run(backend, x);
        prepare(work, () -> kernel.run(backend, x));
    }

    /// Runs it once, for checks that follow, and keeps it to be timed.
    void prepare(double work, Runnable call) {
        this.work = work;
        this.call = call;
        call.run();
    }

    void run() {
        call.run();
    }

    void run(Arithmetic done) {
        call.run();
        done.gigaflops += 1e-9 * work;
    }

    void run(Traffic done) {
        call.run();
        done.gigabytes += 4e-9 * work;
    }

    /// How many of `count` equal parts of the work the reference can check without much waiting.
    static int checked(int count, double multiplications) {
        return (int) Math.clamp(CHECKED_MULTIPLICATIONS / multiplications * count, 1, count);
    }

    Backend backend() {
        return Backend.all().stream()
                .filter(backend -> backend.name().equals(device))
                .findFirst()
                .orElseThrow(() -> unknown("device", device));
    }

    static Buffer[] buffers(Backend backend, int... lengths) {
        Buffer[] buffers = new Buffer[lengths.length];
        for (int i = 0; i < lengths.length; i++) {
            buffers[i] = backend.allocate(DType.FLOAT32, lengths[i]);
            backend.normal(PhiloxKey.of(i), buffers[i], lengths[i]);
        }
        return buffers;
    }

    /// 0, 7, 14 ... modulo the limit: labels, or places to gather from.
    static Buffer numbers(Backend backend, int length, int limit) {
        HostBuffer numbers = HostBuffer.allocate(DType.INT32, length);
        for (int i = 0; i < length; i++) {
            numbers.set(i, 7 * i % limit);
        }
        Buffer there = backend.allocate(DType.INT32, length);
        backend.copy(numbers, there, length);
        return there;
    }

    /// Fails unless the result is what is expected: a kernel that is wrong has no speed.
    static void check(
            String name, int length, IntToDoubleFunction result, IntToDoubleFunction expected) {
        double largest = 0;
        for (int i = 0; i < length; i++) {
            largest = Math.max(largest, Math.abs(expected.applyAsDouble(i)));
        }
        for (int i = 0; i < length; i++) {
            double found = result.applyAsDouble(i);
            double wanted = expected.applyAsDouble(i);
            if (!(Math.abs(found - wanted) <= TOLERANCE * largest)) {
                throw new IllegalStateException(
                        "%s: element %d is %s instead of %s; not measured"
                                .formatted(name, i, found, wanted));
            }
        }
    }

    static IllegalArgumentException unknown(String parameter, String value) {
        return new IllegalArgumentException(
                "%s: there is no %s; see the benchmark's parameters".formatted(parameter, value));
    }

    /// The numbers in a text such as `2048x2048x512`.
    static int[] numbers(String text, int count) {
        int[] numbers = Arrays.stream(text.split("\\D+")).mapToInt(Integer::parseInt).toArray();
        if (numbers.length != count) {
            throw new IllegalArgumentException(
                    "size: %s given, but %d numbers are needed".formatted(text, count));
        }
        return numbers;
    }
}
