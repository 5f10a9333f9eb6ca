package athanor.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import athanor.kernels.convolve.ConvolutionGeometry;
import athanor.kernels.cuda.Blas.Operation;
import athanor.kernels.cuda.Dnn.Algorithm;
import athanor.kernels.cuda.Dnn.Descriptor;
import athanor.kernels.cuda.Dnn.MathType;
import athanor.kernels.cuda.Driver.Graph;
import athanor.kernels.cuda.Driver.Stream;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/// Staging, products and convolutions together on a simulated GPU.
class DevicesTest {
    private static final Operation NONE = Operation.NONE;
    private static final int WORKSPACE = 4 << 20;

    @Test
    void unknownDevicesAreRefused() {
        assertThatThrownBy(() -> Devices.open("cuda:x"))
                .hasMessage(
                        "device cuda:x: known are cuda, cuda:N with the number of a GPU, and cuda-sim");
    }

    /// Two streams without an order between them would give another sum for most seeds.
    @Test
    void aStepGivesTheSameForEverySeed() {
        for (int seed = 0; seed < 20; seed++) {
            try (Device device = Devices.simulated(64 << 20, seed)) {
                step(device);
            }
        }
    }

    private static void step(Device device) {
        Driver driver = device.driver();
        Stream compute = driver.createStream();
        Stream transfer = driver.createStream();
        PinnedStaging uploads = new PinnedStaging(driver, transfer, 16);
        PinnedStaging results = new PinnedStaging(driver, compute, 64);
        device.blas().bind(compute, driver.allocate(WORKSPACE), WORKSPACE);
        device.dnn().bind(compute);
        long a = driver.allocate(24);
        long b = driver.allocate(24);
        uploads.upload(MemorySegment.ofArray(new float[] {1, 2, 3, 4, 5, 6}), a);
        uploads.upload(MemorySegment.ofArray(new float[] {1, 0, 0, 1, 1, 1}), b);
        uploads.order(compute);
        long c = driver.allocate(16);
        device.blas().gemm(NONE, NONE, 2, 2, 3, 1, b, 2, a, 3, 0, c, 2);
        // The memory of b, used again at once: the product must have read it before.
        Driver.Event read = driver.createEvent(false);
        driver.record(read, compute);
        driver.await(read, transfer);
        uploads.upload(MemorySegment.ofArray(new float[] {7, 7, 7, 7, 7, 7}), b);

        // c as a 2x2 image of one channel, doubled by a 1x1 filter
        ConvolutionGeometry g = new ConvolutionGeometry(1, 2, 2, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1);
        long w = driver.allocate(4);
        long y = driver.allocate(16);
        driver.fill(w, Float.floatToIntBits(2), 1, compute);
        Descriptor d = new Descriptor(g, DataType.FLOAT32, MathType.FMA);
        device.dnn().forward(d, Algorithm.IMPLICIT_GEMM, 1, c, w, 0, y, 0, 0);
        float[] numbers = new float[4];
        results.download(y, MemorySegment.ofArray(numbers));
        assertThat(numbers).containsExactly(8, 10, 20, 22);

        // Twice y <- c c + y, once for each launch of the graph, not when it is captured
        driver.beginCapture(compute);
        device.blas().gemm(NONE, NONE, 2, 2, 2, 1, c, 2, c, 2, 1, y, 2);
        Graph graph = driver.endCapture(compute);
        driver.launch(graph, compute);
        driver.launch(graph, compute);
        results.download(y, MemorySegment.ofArray(numbers));
        assertThat(numbers).containsExactly(8 + 2 * 66, 10 + 2 * 75, 20 + 2 * 150, 22 + 2 * 171);
        results.close();
        uploads.close();
    }
}
