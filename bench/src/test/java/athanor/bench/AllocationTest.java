package athanor.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import athanor.engine.Backend;
import athanor.kernels.parallel.Parallel;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.openjdk.jmh.annotations.Param;

/// Once a kernel has run, a call leaves no garbage but a few small objects: what it hands to the
/// threads, and the numbers of a shape. None of it grows with the arrays.
class AllocationTest {
    private static final ThreadMXBean MEASURE = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int THREADS = Parallel.threads();

    /// Bytes a call; the largest array of each kernel below has 8,000 and more.
    private static final long SMALL = 2_048;

    /// Kernels that do allocate arrays, and how much: each is to be made smaller.
    private static final Map<String, Long> KNOWN =
            Map.of("columnSums", 10_000L, "dropoutMask", 200_000L);

    @BeforeAll
    static void anotherThreadHelps() {
        Parallel.threads(2);
    }

    @AfterAll
    static void asBefore() {
        Parallel.threads(THREADS);
    }

    static Stream<Arguments> kernels() {
        List<Arguments> kernels = new ArrayList<>();
        for (String size : List.of("96x64x64", "64x128x200")) {
            kernels.add(arguments(GemmBenchmark.class, size, "implementation", "athanor"));
        }
        for (String size :
                List.of(
                        "3x3/1+1 32-32@8",
                        "3x3/2+1 32-32@8",
                        "1x1/1+0 32-64@8",
                        "1x1/2+0 32-64@8",
                        "7x7/2+3 1-32@14",
                        "5x5/1+2 32-32@8")) {
            add(kernels, ConvolutionBenchmark.class, size, "direction");
        }
        add(kernels, BatchNormBenchmark.class, "512x64", "pass");
        add(kernels, PoolBenchmark.class, "3x3/2+1 32@14", "pass");
        add(kernels, SoftmaxBenchmark.class, "128x100", "pass");
        add(kernels, ElementwiseBenchmark.class, "64x512", "operation");
        add(kernels, LayoutBenchmark.class, "4x8x8x64", "move");
        add(kernels, OptimizerBenchmark.class, "40000", "optimizer");
        return kernels.stream();
    }

    /// One for each value of the parameter.
    private static void add(
            List<Arguments> kernels, Class<?> benchmark, String size, String parameter) {
        try {
            Param values = benchmark.getField(parameter).getAnnotation(Param.class);
            Arrays.stream(values.value())
                    .forEach(value -> kernels.add(arguments(benchmark, size, parameter, value)));
        } catch (NoSuchFieldException e) {
            throw new IllegalArgumentException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void kernel_allocates_no_arrays(
            Class<? extends KernelBenchmark> type, String size, String parameter, String value)
            throws ReflectiveOperationException {
        KernelBenchmark benchmark = type.getConstructor().newInstance();
        benchmark.device = Backend.cpu().name();
        if (type == OptimizerBenchmark.class) {
            ((OptimizerBenchmark) benchmark).size = Integer.parseInt(size);
        } else {
            type.getField("size").set(benchmark, size);
        }
        type.getField(parameter).set(benchmark, value);
        if (benchmark instanceof ConvolutionBenchmark convolution) {
            convolution.batch = 2;
        } else if (benchmark instanceof PoolBenchmark pool) {
            pool.batch = 2;
        }
        type.getMethod("prepare").invoke(benchmark);
        long bound = KNOWN.getOrDefault(value, SMALL);
        assertThat(bytes(benchmark, bound, 10_000)).as("bytes a call").isLessThanOrEqualTo(bound);
    }

    @Test
    void an_array_allocated_on_any_thread_is_found() {
        KernelBenchmark benchmark = new KernelBenchmark() {};
        AtomicInteger started = new AtomicInteger();
        float[][] kept = new float[1][];
        for (boolean helper : new boolean[] {false, true}) {
            Parallel.Range body =
                    (from, to) -> {
                        started.incrementAndGet();
                        while (started.get() < 2) {
                            Thread.onSpinWait(); // The other piece is another thread's.
                        }
                        if (Thread.currentThread().getName().startsWith("athanor-") == helper) {
                            kept[0] = new float[1_000];
                        }
                    };
            benchmark.prepare(
                    1,
                    () -> {
                        started.set(0);
                        Parallel.range(2, 1, body);
                    });
            assertThat(bytes(benchmark, SMALL, 100)).isGreaterThan(4_000);
        }
    }

    /// The least bytes a call, over rounds that end when it is within the bound: at first the JVM
    /// itself allocates, in code that it has not compiled yet.
    private static long bytes(KernelBenchmark benchmark, long bound, long milliseconds) {
        int calls = 20;
        long least = Long.MAX_VALUE;
        long until = System.nanoTime() + milliseconds * 1_000_000;
        while (least > bound && System.nanoTime() < until) {
            long before = MEASURE.getTotalThreadAllocatedBytes();
            for (int i = 0; i < calls; i++) {
                benchmark.run();
            }
            least = Math.min(least, (MEASURE.getTotalThreadAllocatedBytes() - before) / calls);
        }
        return least;
    }
}
