package athanor.train.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventFileTest {
    private static final double TIME = 1_700_000_000.25;

    @TempDir Path folder = Path.of("");

    /// TensorBoard 2.21 wrote `tensorboard.tfevents` from its own classes of messages.
    @Test
    void theBytesAreThoseThatTensorBoardItselfWrites() throws IOException {
        Files.createFile(folder.resolve("events.out.tfevents.0000000001.athanor"));
        EventFile events = EventFile.create(folder, 7, () -> TIME);
        events.scalar(8, "loss/step", 2.5);
        events.image(300, "picture", 2, 5, new byte[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
        events.histogram(300, "weights/fc", Histogram.of(new float[] {-1, 0, 2, 3}));
        events.hyperparameters("run-1", Map.of("lr", "0.1"));
        events.hyperparameters("run-1", Map.of("model", "cnn"));
        events.ended();

        try (InputStream expected =
                EventFileTest.class.getResourceAsStream("tensorboard.tfevents")) {
            assertThat(expected).isNotNull();
            assertThat(Files.readAllBytes(events.file())).isEqualTo(expected.readAllBytes());
        }
    }

    @Test
    void checksumsAreThoseOfTheTfRecordFormat() {
        byte[] digits = "123456789".getBytes(StandardCharsets.US_ASCII);
        // CRC32C of these digits is e3069283 (RFC 3720), masked as TensorFlow's crc32c.h says.
        int crc = 0xe3069283;
        assertThat(EventFile.checksum(digits, 9))
                .isEqualTo(((crc >>> 15) | (crc << 17)) + 0xa282ead8);
    }

    @Test
    void aSecondFileStandsBehindTheFirstAndSaysFromWhichStepTheFirstNoLongerHolds()
            throws IOException {
        EventFile first = EventFile.create(folder, 1, () -> TIME);
        EventFile second = EventFile.create(folder, 40, () -> TIME - 1000);

        assertThat(second.file().getFileName().toString())
                .isGreaterThan(first.file().getFileName().toString());
        List<EventReader.Message> alone = EventReader.events(first.file());
        assertThat(alone).hasSize(1);
        assertThat(alone.getFirst().text(3)).isEqualTo("brain.Event:2");
        List<EventReader.Message> after = EventReader.events(second.file());
        assertThat(after).extracting(event -> event.whole(2)).containsExactly(40L, 40L);
        assertThat(after.get(1).message(7).whole(1)).isEqualTo(1);
    }

    @Test
    void aHistogramCountsFiniteNumbersOnceEach() {
        Histogram histogram = Histogram.of(new float[] {1, 1, 2, 5, Float.NaN, 1 / 0f});

        assertThat(histogram.size()).isEqualTo(4);
        assertThat(histogram.sumOfSquares()).isEqualTo(31);
        assertThat(histogram.counts()[0]).isEqualTo(2);
        assertThat(histogram.counts()[16]).isEqualTo(1);
        assertThat(histogram.counts()[63]).isEqualTo(1);
        assertThat(histogram.limit(63)).isEqualTo(5);
        assertThat(Histogram.of(new float[] {3, 3}).counts()).containsExactly(2);
        assertThat(Histogram.of(new float[0]).size()).isZero();
    }
}
