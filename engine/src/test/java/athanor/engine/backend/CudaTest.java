package athanor.engine.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import athanor.engine.Backend;
import athanor.engine.Buffer;
import athanor.engine.Conv2dOptions;
import athanor.engine.DType;
import athanor.engine.Gradients;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.kernels.cuda.CudaError;
import athanor.kernels.cuda.Device;
import athanor.kernels.cuda.Devices;
import athanor.kernels.elementwise.Unary;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class CudaTest {
    private static final long MEGABYTES = 32L << 20;

    private final Device device = Devices.simulated(MEGABYTES, 1);
    private final Cuda cuda = new Cuda("cuda-sim", device);

    @ParameterizedTest
    @EnumSource
    void elementsOfEachTypeGoThereRoundAndBack(DType dtype) {
        int n = 1001;
        HostBuffer from = HostBuffer.allocate(dtype, n);
        for (int i = 0; i < n; i++) {
            from.set(i, i % 200);
        }
        Buffer there = cuda.memory().take(dtype, n);
        Buffer beside = cuda.memory().take(dtype, n);
        HostBuffer back = HostBuffer.allocate(dtype, n);
        cuda.copy(from, there, n);
        cuda.copy(there, beside, n);
        cuda.copy(beside, back, n - 1);
        for (int i = 0; i < n; i++) {
            assertThat(back.get(i)).isEqualTo(i == n - 1 ? 0 : i % 200);
        }
        cuda.copy(back, from, n);
        assertThat(from.get(n - 1)).isZero();
    }

    @Test
    void nothingIsCopiedOfNothing() {
        Tensor empty = Tensor.zeros(cuda, DType.FLOAT32, Shape.of(0, 3));
        assertThat(empty.neg().toFloats()).isEmpty();
    }

    @Test
    void whatIsKeptForLaterIsGivenUpBeforeMemoryRunsOut() {
        long free = device.driver().memory().free();
        int floats = (int) (free / 4 / 2);
        Buffer half = cuda.memory().take(DType.FLOAT32, floats);
        cuda.memory().give(half);
        assertThat(device.driver().memory().free()).isLessThan(free);
        Buffer more = cuda.memory().take(DType.FLOAT32, floats / 2 * 3);
        assertThat(cuda.memory().pooled()).isZero();
        assertThatThrownBy(() -> cuda.memory().take(DType.FLOAT32, floats))
                .isInstanceOf(CudaError.class)
                .hasMessageContaining("--batch-size");
        cuda.memory().give(more);
        cuda.memory().trim();
        assertThat(device.driver().memory().free()).isEqualTo(free);
    }

    @Test
    void buffersOfOtherDevicesAreRefused() {
        HostBuffer host = HostBuffer.of(1f);
        Buffer there = cuda.memory().take(DType.FLOAT32, 1);
        assertThatThrownBy(() -> cuda.unary(Unary.EXP, host, there, 1))
                .hasMessageContaining("must lie on one");
        assertThatThrownBy(() -> Backend.cpu().unary(Unary.EXP, there, host, 1))
                .hasMessageContaining("must lie on one");
    }

    @Test
    void memoryOutsideWorkspacesIsGivenUpWhenNobodyHoldsIt() throws InterruptedException {
        Shape shape = Shape.of(1 << 20);
        Tensor held = Tensor.full(cuda, DType.FLOAT32, shape, 7);
        long one = cuda.deviceBytes();
        // Twenty times as much as there is.
        for (int i = 0; i < 160; i++) {
            Tensor unheld = Tensor.zeros(cuda, DType.FLOAT32, shape);
            assertThat(unheld.size()).isEqualTo(1 << 20);
            long patience = System.nanoTime() + 20_000_000_000L;
            while (cuda.deviceBytes() > one + (12 << 20) && System.nanoTime() < patience) {
                System.gc();
                Thread.sleep(1);
                assertThat(Tensor.zeros(cuda, DType.FLOAT32, Shape.of(1)).size()).isOne();
            }
        }
        assertThat(held.sum().item()).isEqualTo(7.0 * (1 << 20));
        assertThat(cuda.deviceBytes()).isLessThan(one + (16L << 20));
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 0, 8, 16", "3, 1, 1, 8, 16", "1, 2, 0, 8, 16"})
    void waysChosenByTimeComputeTheSame(int side, int stride, int padding, int c, int k) {
        Conv2dOptions options = Conv2dOptions.DEFAULT.stride(stride).padding(padding);
        List<Tensor> plain = convolved(cuda, side, c, k, options);
        cuda.chooseByTime(true);
        List<Tensor> timed = convolved(cuda, side, c, k, options);
        List<Tensor> exact = convolved(Backend.cpu(), side, c, k, options);
        for (int i = 0; i < exact.size(); i++) {
            float[] wanted = exact.get(i).toFloats();
            assertThat(plain.get(i).toFloats()).containsExactly(wanted, within(1e-3f));
            assertThat(timed.get(i).toFloats()).containsExactly(wanted, within(1e-3f));
        }
    }

    /// The result and both gradients, the input's added to another.
    private static List<Tensor> convolved(
            Backend backend, int side, int c, int k, Conv2dOptions options) {
        Tensor x = counted(backend, Shape.of(2, 5, 5, c)).requireGradient();
        Tensor w = counted(backend, Shape.of(k, side, side, c)).requireGradient();
        Tensor y = x.conv2d(w, options);
        Tensor again = x.conv2d(w, options);
        Gradients gradients = y.mul(y).add(again).sum().backward();
        return List.of(y, gradients.of(x).orElseThrow(), gradients.of(w).orElseThrow());
    }

    private static Tensor counted(Backend backend, Shape shape) {
        float[] values = new float[shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (i * 7 % 11 - 5) / 8f;
        }
        return Tensor.of(backend, shape, HostBuffer.of(values));
    }

    @Test
    void theSameNameIsTheSameBackend() {
        assertThat(Backend.of("cuda-sim")).isSameAs(Backend.of("cuda-sim"));
        assertThat(Backend.of("cpu")).isSameAs(Backend.cpu());
        assertThat(Backend.of("reference")).isSameAs(Backend.reference());
        assertThatThrownBy(() -> Backend.of("tpu")).hasMessageContaining("known are");
    }
}
