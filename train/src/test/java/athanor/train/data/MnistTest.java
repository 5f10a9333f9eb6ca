package athanor.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MnistTest {
    private static final String IMAGES = "t10k-images-idx3-ubyte";
    private static final String LABELS = "t10k-labels-idx1-ubyte";

    @TempDir Path folder;

    private static byte[] images(int count) {
        ByteBuffer buffer = ByteBuffer.allocate(16 + count * 6);
        buffer.putInt(0x803).putInt(count).putInt(2).putInt(3);
        for (int i = 0; i < count * 6; i++) {
            buffer.put((byte) (i * 40));
        }
        return buffer.array();
    }

    private static byte[] labels(int... labels) {
        ByteBuffer buffer = ByteBuffer.allocate(8 + labels.length);
        buffer.putInt(0x801).putInt(labels.length);
        for (int label : labels) {
            buffer.put((byte) label);
        }
        return buffer.array();
    }

    private static byte[] packed(byte[] content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(content);
        }
        return bytes.toByteArray();
    }

    private void write(String subfolder, byte[] images, byte[] labels) throws IOException {
        Path where = Files.createDirectories(folder.resolve(subfolder));
        Files.write(where.resolve(IMAGES), images);
        Files.write(where.resolve(LABELS + ".gz"), packed(labels));
    }

    @Test
    void plainAndPackedFilesAreRead() throws IOException {
        write("", images(3), labels(7, 0, 9));
        Dataset dataset = Mnist.mnist(Split.TEST, folder);
        assertThat(dataset.size()).isEqualTo(3);
        assertThat(dataset.shape()).isEqualTo(new ImageShape(2, 3, 1));
        assertThat(dataset.label(0)).isEqualTo(7);
        assertThat(dataset.label(2)).isEqualTo(9);
        byte[] pixels = new byte[6];
        dataset.read(1, pixels);
        assertThat(pixels)
                .containsExactly(240, 280 - 256, 320 - 256, 360 - 256, 400 - 256, 440 - 256);
    }

    @Test
    void filesAreFoundInSubfolders() throws IOException {
        write("mnist", images(2), labels(1, 1));
        write("FashionMNIST/raw", images(1), labels(3));
        assertThat(Mnist.mnist(Split.TEST, folder).size()).isEqualTo(2);
        Dataset fashion = Mnist.fashionMnist(Split.TEST, folder);
        assertThat(fashion.size()).isEqualTo(1);
        assertThat(fashion.classNames().get(fashion.label(0))).isEqualTo("dress");
    }

    private void assertRefused(String message) {
        assertThatThrownBy(() -> Mnist.mnist(Split.TEST, folder))
                .isInstanceOf(DataProblem.class)
                .hasMessageContaining(message)
                .hasMessageContaining("athanor data fetch mnist --data-dir " + folder);
    }

    @Test
    void everyWayAFileCanBeWrongIsNamed() throws IOException {
        assertRefused("mnist: no " + IMAGES + " (nor " + IMAGES + ".gz) in " + folder);
        Path images = folder.resolve(IMAGES);
        Path labels = folder.resolve(LABELS + ".gz");
        write("", labels(1, 2, 3), labels(1, 2, 3));
        assertRefused(
                images
                        + ": not the IDX file it should be: it starts with 0x00000801, not with 0x00000803");
        write("", Arrays.copyOf(images(3), 30), labels(1, 2, 3));
        assertRefused(images + ": cut short: 14 bytes follow the header and 18 should");
        write("", Arrays.copyOf(images(3), 7), labels(1, 2, 3));
        assertRefused(images + ": cut short");
        write("", Arrays.copyOf(images(3), 40), labels(1, 2, 3));
        assertRefused(images + ": goes on after the 18 bytes its header tells of");
        write("", images(3), labels(1, 2));
        assertRefused(images + ": 3 images, but 2 labels in " + labels);
        write("", images(3), labels(1, 10, 2));
        assertRefused(labels + ": record 1 (from 0) has label 10, and the labels are 0 to 9");
        byte[] huge = images(3);
        ByteBuffer.wrap(huge).putInt(4, 2_000_000_000);
        write("", huge, labels(1, 2, 3));
        assertRefused(images + ": its header gives axis 0 an impossible length of 2000000000");
        write("", images(3), labels(1, 2, 3));
        Files.write(labels, labels(1, 2, 3));
        assertRefused(labels + ": cannot be read (java.util.zip.ZipException: Not in GZIP format)");
        Files.write(labels, Arrays.copyOf(packed(labels(1, 2, 3)), 12));
        assertRefused(labels + ": cut short");
    }

    @Test
    void theRealFilesHaveTheirMeanAndDeviation() {
        Path data = RealData.folderWith("mnist/train-images-idx3-ubyte.gz");
        Dataset dataset = Mnist.mnist(Split.TRAIN, data);
        assertThat(dataset.size()).isEqualTo(60_000);
        double sum = 0;
        double squares = 0;
        byte[] pixels = new byte[784];
        for (int i = 0; i < dataset.size(); i++) {
            dataset.read(i, pixels);
            for (byte pixel : pixels) {
                double value = (pixel & 0xff) / 255.0;
                sum += value;
                squares += value * value;
            }
        }
        double mean = sum / 784 / dataset.size();
        assertThat(mean).isBetween(0.1302, 0.1312);
        assertThat(Math.sqrt(squares / 784 / dataset.size() - mean * mean))
                .isBetween(0.3076, 0.3086);
    }
}
