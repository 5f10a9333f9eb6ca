package athanor.engine.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import athanor.engine.Backend;
import athanor.engine.Buffer;
import athanor.engine.DType;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.kernels.cuda.CudaError;
import athanor.kernels.cuda.Device;
import athanor.kernels.cuda.Devices;
import athanor.kernels.elementwise.Unary;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
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
    void theSameNameIsTheSameBackend() {
        assertThat(Backend.of("cuda-sim")).isSameAs(Backend.of("cuda-sim"));
        assertThat(Backend.of("cpu")).isSameAs(Backend.cpu());
        assertThat(Backend.of("reference")).isSameAs(Backend.reference());
        assertThatThrownBy(() -> Backend.of("tpu")).hasMessageContaining("known are");
    }
}
