package athanor.kernels.cuda.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import athanor.kernels.cuda.Arguments;
import athanor.kernels.cuda.CudaError;
import athanor.kernels.cuda.Driver.Event;
import athanor.kernels.cuda.Driver.Graph;
import athanor.kernels.cuda.Driver.Kernel;
import athanor.kernels.cuda.Driver.Stream;
import athanor.kernels.cuda.Grid;
import athanor.kernels.cuda.PinnedMemory;
import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SimulatedDriverTest {
    /// `scale(x, a, b)`: `x[0] = x[0] * a + b`
    private static final String TEXT =
            """
            .version 7.0
            .target sm_70
            .address_size 64
            .visible .entry scale(.param .u64 x, .param .f32 a, .param .f32 b)
            {
            .reg .f32 %f<4>;
            .reg .b64 %rd<2>;
            ld.param.u64 %rd0, [x];
            ld.param.f32 %f0, [a];
            ld.param.f32 %f1, [b];
            ld.global.f32 %f2, [%rd0];
            fma.rn.f32 %f2, %f2, %f0, %f1;
            st.global.f32 [%rd0], %f2;
            ret;
            }
            """;

    private static final int BYTES = 4;

    private final SimulatedDriver driver = new SimulatedDriver(1 << 20, 1);

    private static void scale(SimulatedDriver driver, Stream stream, long x, float a, float b) {
        scale(driver, kernel(driver), stream, x, a, b);
    }

    private static Kernel kernel(SimulatedDriver driver) {
        return driver.kernel(driver.load(TEXT), "scale");
    }

    private static void scale(
            SimulatedDriver driver, Kernel kernel, Stream stream, long x, float a, float b) {
        driver.launch(
                kernel,
                Grid.of(1),
                Grid.of(1),
                0,
                stream,
                new Arguments().address(x).float32(a).float32(b));
    }

    private static void fill(SimulatedDriver driver, long x, float value, Stream stream) {
        driver.fill(x, Float.floatToRawIntBits(value), 1, stream);
    }

    private static float read(SimulatedDriver driver, long x, Stream stream) {
        PinnedMemory host = driver.allocatePinned(BYTES);
        driver.download(host, 0, x, BYTES, stream);
        driver.synchronize(stream);
        return host.forReading().get(ValueLayout.JAVA_FLOAT, 0);
    }

    @Test
    void a_stream_keeps_its_order() {
        for (long seed = 0; seed < 20; seed++) {
            try (SimulatedDriver gpu = new SimulatedDriver(1 << 20, seed)) {
                Stream stream = gpu.createStream();
                long x = gpu.allocate(BYTES);
                fill(gpu, x, 3, stream);
                scale(gpu, stream, x, 2, 1);
                scale(gpu, stream, x, 10, 0);
                assertThat(read(gpu, x, stream)).isEqualTo(70);
                assertThat(gpu.statistics().getOrDefault("scale", KernelStatistics.NONE).launches())
                        .isEqualTo(2);
            }
        }
    }

    @Test
    void two_streams_have_no_order_but_by_an_event() {
        Set<Float> free = new HashSet<>();
        Set<Float> ordered = new HashSet<>();
        for (long seed = 0; seed < 20; seed++) {
            for (boolean wait : new boolean[] {false, true}) {
                try (SimulatedDriver gpu = new SimulatedDriver(1 << 20, seed)) {
                    Stream a = gpu.createStream();
                    Stream b = gpu.createStream();
                    long x = gpu.allocate(BYTES);
                    fill(gpu, x, 1, a);
                    gpu.synchronize();
                    scale(gpu, a, x, 2, 0);
                    if (wait) {
                        Event event = gpu.createEvent(false);
                        gpu.record(event, a);
                        gpu.await(event, b);
                    }
                    scale(gpu, b, x, 1, 5);
                    gpu.synchronize();
                    (wait ? ordered : free).add(read(gpu, x, a));
                }
            }
        }
        assertThat(free).containsExactlyInAnyOrder(7f, 12f);
        assertThat(ordered).containsExactly(7f);
    }

    @Test
    void the_host_must_wait_for_copies_even_where_they_are_done() {
        Stream stream = driver.createStream();
        long x = driver.allocate(BYTES);
        fill(driver, x, 4, stream);
        PinnedMemory host = driver.allocatePinned(BYTES);
        driver.download(host, 0, x, BYTES, stream);
        Event event = driver.createEvent(false);
        driver.record(event, stream);
        assertThatThrownBy(host::forReading)
                .isInstanceOf(CudaError.class)
                .hasMessageContaining("before the program has waited for this copy");
        driver.synchronize(event);
        assertThat(host.forReading().get(ValueLayout.JAVA_FLOAT, 0)).isEqualTo(4);
        driver.upload(x, host, 0, BYTES, stream);
        host.forReading();
        assertThatThrownBy(host::forWriting).hasMessageContaining("written before");
        Stream other = driver.createStream();
        Event after = driver.createEvent(false);
        driver.record(after, stream);
        driver.await(after, other);
        driver.synchronize(other);
        host.forWriting().set(ValueLayout.JAVA_FLOAT, 0, 5);
    }

    @Test
    void an_event_is_done_after_some_time() {
        Stream stream = driver.createStream();
        long x = driver.allocate(BYTES);
        Event start = driver.createEvent(true);
        Event end = driver.createEvent(true);
        assertThat(driver.isDone(start)).isTrue();
        driver.record(start, stream);
        for (int i = 0; i < 50; i++) {
            fill(driver, x, i, stream);
        }
        driver.record(end, stream);
        int polls = 0;
        while (!driver.isDone(end)) {
            polls++;
        }
        assertThat(polls).isBetween(1, 60);
        assertThat(driver.elapsedMilliseconds(start, end)).isPositive();
    }

    @Test
    void a_graph_repeats_what_was_captured_on_two_streams() {
        Stream a = driver.createStream();
        Stream b = driver.createStream();
        long x = driver.allocate(BYTES);
        long y = driver.allocate(BYTES);
        fill(driver, x, 1, a);
        fill(driver, y, 1, a);
        Event fork = driver.createEvent(false);
        Event join = driver.createEvent(false);
        Kernel kernel = kernel(driver);
        driver.beginCapture(a);
        scale(driver, kernel, a, x, 2, 0);
        driver.record(fork, a);
        driver.await(fork, b);
        scale(driver, kernel, b, y, 3, 0);
        scale(driver, kernel, a, x, 1, 1);
        driver.record(join, b);
        driver.await(join, a);
        Graph graph = driver.endCapture(a);
        assertThat(read(driver, x, a)).isEqualTo(1);
        for (int i = 0; i < 3; i++) {
            driver.launch(graph, a);
        }
        assertThat(read(driver, x, a)).isEqualTo(15);
        assertThat(read(driver, y, a)).isEqualTo(27);
        driver.destroy(graph);
        assertThatThrownBy(() -> driver.launch(graph, a)).hasMessageContaining("given back");
    }

    @Test
    void what_a_capture_forbids() {
        Stream a = driver.createStream();
        Stream b = driver.createStream();
        long x = driver.allocate(BYTES);
        Event outside = driver.createEvent(false);
        Event fork = driver.createEvent(false);
        fill(driver, x, 1, b);
        driver.record(outside, b);
        driver.beginCapture(a);
        assertThatThrownBy(() -> driver.allocate(4))
                .hasMessageContaining("CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED");
        assertThatThrownBy(() -> driver.free(x)).hasMessageContaining("CAPTURE_UNSUPPORTED");
        assertThatThrownBy(() -> driver.synchronize(b)).hasMessageContaining("CAPTURE_UNSUPPORTED");
        assertThatThrownBy(driver::synchronize).hasMessageContaining("CAPTURE_UNSUPPORTED");
        assertThatThrownBy(() -> driver.await(outside, a)).hasMessageContaining("ISOLATION");
        driver.record(fork, a);
        driver.await(fork, b);
        fill(driver, x, 2, b);
        assertThatThrownBy(() -> driver.endCapture(a)).hasMessageContaining("UNJOINED");
        driver.synchronize();
        assertThat(read(driver, x, b)).isEqualTo(1);
    }

    @Test
    void a_fault_in_a_kernel_is_told_with_its_cause_and_stays() {
        Stream stream = driver.createStream();
        long x = driver.allocate(BYTES);
        assertThatThrownBy(
                        () -> {
                            scale(driver, stream, x + 8, 1, 1);
                            driver.synchronize();
                        })
                .isInstanceOf(CudaError.class)
                .hasMessageContaining("CUDA_ERROR_ILLEGAL_ADDRESS")
                .hasMessageContaining("lies 4 bytes after the end of the allocation of 4 bytes")
                .hasCauseInstanceOf(KernelFault.class);
        assertThatThrownBy(() -> driver.allocate(4)).hasMessageContaining("ILLEGAL_ADDRESS");
    }

    @Test
    void refuses_what_cuda_refuses() {
        Stream stream = driver.createStream();
        long x = driver.allocate(64);
        assertThatThrownBy(() -> driver.allocate(1 << 20))
                .hasMessageContaining("CUDA_ERROR_OUT_OF_MEMORY");
        assertThat(driver.memory().free()).isEqualTo((1 << 20) - 64);
        assertThatThrownBy(() -> driver.free(x + 4)).hasMessageContaining("INVALID_VALUE");
        assertThatThrownBy(() -> driver.load(".version 7.0\n.target sm_70\nfoo"))
                .hasMessageContaining("CUDA_ERROR_INVALID_PTX")
                .hasMessageContaining("line 3");
        assertThatThrownBy(() -> driver.kernel(driver.load(TEXT), "none"))
                .hasMessageContaining("CUDA_ERROR_NOT_FOUND");
        assertThatThrownBy(() -> driver.copy(x, x + 8, 16, stream)).hasMessageContaining("overlap");
        assertThatThrownBy(() -> driver.fill(x + 60, 0, 2, stream))
                .hasMessageContaining("INVALID_VALUE");
        assertThatThrownBy(() -> driver.read(x, 4)).hasMessageContaining("nothing has written");
        driver.destroy(stream);
        assertThatThrownBy(() -> driver.fill(x, 0, 1, stream)).hasMessageContaining("given back");
        driver.close();
        assertThatThrownBy(driver::createStream).hasMessageContaining("closed");
    }
}
