package athanor.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import athanor.kernels.cuda.Driver.Stream;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class DevicePoolTest {
    private final FakeDriver driver = new FakeDriver(10_240);
    private final Stream stream = driver.createStream();
    private final Stream other = driver.createStream();
    private final DevicePool pool = new DevicePool(driver);

    @Test
    void classesHoldTheirSizesAndWasteAtMostAnEighth() {
        for (long bytes = 0; bytes < 100_000; bytes++) {
            long size = DevicePool.sizeClass(bytes);
            assertThat(size).isGreaterThanOrEqualTo(bytes);
            assertThat(size % 256).isZero();
            assertThat(size)
                    .isLessThanOrEqualTo(Math.max(512, Math.max(bytes + 256, bytes * 9 / 8)));
            assertThat(DevicePool.sizeClass(size)).isEqualTo(size);
        }
        assertThat(DevicePool.sizeClass((5L << 32) + 1)).isEqualTo((5L << 32) + (1L << 31));
    }

    @Test
    void aSecondRoundAllocatesNothing() {
        for (int round = 0; round < 3; round++) {
            long a = pool.allocate(1000, stream, "a");
            long b = pool.allocate(900, stream, "b");
            long c = pool.allocate(1000, stream, "c");
            assertThat(new long[] {a, b, c}).doesNotHaveDuplicates();
            pool.release(b, stream);
            pool.release(a, stream);
            pool.release(c, stream);
            assertThat(driver.allocations).isEqualTo(3);
        }
        assertThat(pool.usage()).isEqualTo(new DevicePool.Usage(0, 3072, 3072));
        pool.trim();
        assertThat(pool.usage()).isEqualTo(new DevicePool.Usage(0, 3072, 0));
        assertThat(driver.memory().free()).isEqualTo(10_240);
    }

    @Test
    void whatIsReleasedTwiceOrNeverAllocatedIsRefused() {
        long address = pool.allocate(1000, stream, "a");
        assertThatThrownBy(() -> pool.release(address + 256, stream))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("%#x is not live".formatted(address + 256));
        assertThatThrownBy(() -> pool.release(address, new Stream(99)))
                .hasMessageContaining("foreign");
        pool.release(address, stream);
        assertThatThrownBy(() -> pool.release(address, stream))
                .hasMessageContaining("is not live in this pool");
        assertThat(pool.usage()).isEqualTo(new DevicePool.Usage(0, 1024, 1024));
    }

    /// The first stream's write is still to come when another stream gets the memory.
    @Test
    void anotherStreamWaitsForTheMemoryItIsGiven() {
        long first = pool.allocate(6000, stream, "first");
        driver.fill(first, 1, 4, stream);
        pool.release(first, stream);
        long second = pool.allocate(6000, other, "second");
        assertThat(second).isEqualTo(first);
        driver.fill(second, 2, 4, other);
        driver.synchronize(other);
        driver.synchronize(stream);
        assertThat(driver.at(second, 16).get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 2);
    }

    /// The memory goes back to the stream it came from, which must not overtake the other one.
    @Test
    void memoryThatAnotherStreamUsedLastIsWaitedFor() {
        long first = pool.allocate(1000, stream, "first");
        driver.fill(first, 1, 4, other);
        pool.release(first, other);
        long second = pool.allocate(1000, stream, "second");
        assertThat(second).isEqualTo(first);
        driver.fill(second, 2, 4, stream);
        driver.synchronize(stream);
        driver.synchronize(other);
        assertThat(driver.at(second, 16).get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 2);
    }

    @Test
    void aStreamPrefersFreshMemoryToWaiting() {
        long first = pool.allocate(1000, stream, "first");
        pool.release(first, stream);
        assertThat(pool.allocate(1000, other, "second")).isNotEqualTo(first);
    }

    @Test
    void whatIsCachedIsGivenUpBeforeMemoryRunsOut() {
        long small = pool.allocate(4000, stream, "small");
        long kept = pool.allocate(1024, stream, "kept");
        pool.release(small, stream);
        assertThat(pool.allocate(8000, stream, "large")).isPositive();
        assertThat(pool.usage()).isEqualTo(new DevicePool.Usage(9216, 9216, 9216));
        pool.release(kept, stream);
    }

    @Test
    void whatIsLiveIsToldWhenMemoryRunsOut() {
        FakeDriver large = new FakeDriver(10_000_000);
        Stream own = large.createStream();
        DevicePool full = new DevicePool(large);
        full.allocate(4 << 20, own, "activations");
        full.allocate(1 << 20, own, "weights");
        full.allocate(2 << 20, own, "weights");
        assertThatThrownBy(() -> full.allocate(3 << 20, own, "output"))
                .isInstanceOf(CudaError.class)
                .hasMessage(
                        "cuMemAlloc(3.1 MB for output): CUDA_ERROR_OUT_OF_MEMORY: 7.3 MB are in use"
                                + " (activations 4.2 MB in 1, weights 3.1 MB in 2), the GPU has"
                                + " 2.7 MB of 10.0 MB left; use a smaller --batch-size, or --amp bf16");
        assertThat(full.usage()).isEqualTo(new DevicePool.Usage(7 << 20, 7 << 20, 7 << 20));
    }

    @Test
    void closingGivesEverythingBack() {
        pool.release(pool.allocate(1000, stream, "a"), stream);
        pool.allocate(3000, stream, "b");
        pool.close();
        assertThat(driver.live()).isZero();
        assertThat(pool.usage()).isEqualTo(new DevicePool.Usage(0, 3072, 0));
    }
}
