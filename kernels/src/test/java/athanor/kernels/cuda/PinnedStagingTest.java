package athanor.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import athanor.kernels.cuda.Driver.Stream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PinnedStagingTest {
    private final FakeDriver driver = new FakeDriver(10_240);
    private final Stream stream = driver.createStream();
    private final PinnedStaging staging = new PinnedStaging(driver, stream, 64);

    @Test
    void longArraysGoThereAndBackInPieces() {
        for (int length : new int[] {0, 1, 15, 16, 17, 32, 100}) {
            int[] numbers = IntStream.range(0, length).map(i -> i * 31 + length).toArray();
            long address = driver.allocate(4L * Math.max(1, length));
            staging.upload(MemorySegment.ofArray(numbers), address);
            int[] read = new int[length];
            staging.download(address, MemorySegment.ofArray(read));
            assertThat(read).isEqualTo(numbers);
        }
    }

    @Test
    void theProgramsArrayIsFreeAtOnce() {
        int[] numbers = IntStream.range(0, 32).toArray();
        long address = driver.allocate(128);
        staging.upload(MemorySegment.ofArray(numbers), address);
        java.util.Arrays.fill(numbers, -1);
        int[] read = new int[32];
        staging.download(address, MemorySegment.ofArray(read));
        assertThat(read).isEqualTo(IntStream.range(0, 32).toArray());
    }

    @Test
    void aConsumerFindsTheUploadsDone() {
        long address = driver.allocate(128);
        staging.upload(MemorySegment.ofArray(IntStream.range(0, 32).toArray()), address);
        assertThat(driver.at(address, 128).get(ValueLayout.JAVA_INT_UNALIGNED, 4)).isEqualTo(-1);
        Stream consumer = driver.createStream();
        staging.order(consumer);
        driver.synchronize(consumer);
        assertThat(driver.at(address, 128).get(ValueLayout.JAVA_INT_UNALIGNED, 124)).isEqualTo(31);
    }

    @Test
    void closingWaitsAndGivesBack() {
        long address = driver.allocate(64);
        staging.upload(MemorySegment.ofArray(new int[] {7}), address);
        staging.close();
        assertThat(driver.at(address, 64).get(ValueLayout.JAVA_INT_UNALIGNED, 0)).isEqualTo(7);
        driver.free(address);
        assertThat(driver.live()).isZero();
    }

    /// The fake itself: these tests mean something because it refuses what is too early.
    @Test
    void theFakeRefusesEarlyUse() {
        PinnedMemory memory = driver.allocatePinned(16);
        long address = driver.allocate(16);
        driver.upload(address, memory, 0, 16, stream);
        assertThatThrownBy(memory::forWriting).isInstanceOf(IllegalStateException.class);
        driver.download(memory, 0, address, 16, stream);
        assertThatThrownBy(memory::forReading).isInstanceOf(IllegalStateException.class);
        driver.synchronize(stream);
        assertThat(memory.forReading().byteSize()).isEqualTo(16);
    }
}
