package athanor.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CifarTest {
    @TempDir Path folder;

    /// Records whose red, green and blue are label, label + 50 + place, label + 100.
    private static byte[] records(int labelBytes, int... labels) {
        int length = labelBytes + 3072;
        byte[] content = new byte[labels.length * length];
        for (int i = 0; i < labels.length; i++) {
            int start = i * length;
            content[start + labelBytes - 1] = (byte) labels[i];
            for (int p = 0; p < 1024; p++) {
                content[start + labelBytes + p] = (byte) labels[i];
                content[start + labelBytes + 1024 + p] = (byte) (labels[i] + 50 + p);
                content[start + labelBytes + 2048 + p] = (byte) (labels[i] + 100);
            }
        }
        return content;
    }

    private void writeTraining(Path where) throws IOException {
        Files.createDirectories(where);
        for (int i = 1; i <= 5; i++) {
            Files.write(where.resolve("data_batch_" + i + ".bin"), records(1, i, i + 1, i + 2));
        }
    }

    @Test
    void filesAreReadInTheirOrderAndPlanesAreInterleaved() throws IOException {
        writeTraining(folder);
        Cifar dataset = Cifar.cifar10(Split.TRAIN, folder);
        assertThat(dataset.size()).isEqualTo(15);
        byte[] pixels = new byte[3072];
        for (int i = 0; i < 15; i++) {
            int label = i / 3 + 1 + i % 3;
            assertThat(dataset.label(i)).isEqualTo(label);
            dataset.read(i, pixels);
            for (int p = 0; p < 1024; p++) {
                assertThat(Arrays.copyOfRange(pixels, 3 * p, 3 * p + 3))
                        .containsExactly(
                                (byte) label, (byte) (label + 50 + p), (byte) (label + 100));
            }
        }
    }

    @Test
    void filesAreFoundInTheSubfolderOfTheArchive() throws IOException {
        writeTraining(folder.resolve("cifar-10-batches-bin"));
        assertThat(Cifar.cifar10(Split.TRAIN, folder).size()).isEqualTo(15);
    }

    @Test
    void filesAreFoundInTheArchiveInWhateverOrderItHasThem() throws IOException {
        writeArchive(List.of(1, 3, 4, 5, 2));
        Cifar dataset = Cifar.cifar10(Split.TRAIN, folder);
        assertThat(dataset.size()).isEqualTo(5);
        for (int i = 0; i < 5; i++) {
            assertThat(dataset.label(i)).isEqualTo(i + 1);
        }
    }

    private Path writeArchive(List<Integer> order) throws IOException {
        Path archive = folder.resolve("cifar-10-binary.tar.gz");
        try (var tar =
                new TarArchiveOutputStream(new GZIPOutputStream(Files.newOutputStream(archive)))) {
            for (int i : order) {
                byte[] content = records(1, i);
                TarArchiveEntry entry =
                        new TarArchiveEntry("cifar-10-batches-bin/data_batch_" + i + ".bin");
                entry.setSize(content.length);
                tar.putArchiveEntry(entry);
                tar.write(content);
                tar.closeArchiveEntry();
            }
        }
        return archive;
    }

    @Test
    void anArchiveThatIsCutShortOrLacksFilesIsNamed() throws IOException {
        Path archive = writeArchive(List.of(1, 3, 5, 2));
        assertThatThrownBy(() -> Cifar.cifar10(Split.TRAIN, folder))
                .isInstanceOf(DataProblem.class)
                .hasMessageContaining(archive + ": holds 4 of the 5 files");
        byte[] content = Files.readAllBytes(archive);
        Files.write(archive, Arrays.copyOf(content, content.length / 2));
        assertThatThrownBy(() -> Cifar.cifar10(Split.TRAIN, folder))
                .isInstanceOf(DataProblem.class)
                .hasMessageContaining(archive + ": the archive is damaged or cut short");
    }

    @Test
    void cifar100HasItsFineLabels() throws IOException {
        byte[] content = records(2, 99, 0, 57);
        content[0] = 19;
        Files.write(folder.resolve("test.bin"), content);
        Cifar dataset = Cifar.cifar100(Split.TEST, folder);
        assertThat(dataset.classes()).isEqualTo(100);
        assertThat(dataset.label(0)).isEqualTo(99);
        assertThat(dataset.label(2)).isEqualTo(57);
        assertThat(dataset.classNames().get(99)).isEqualTo("worm");
        byte[] pixels = new byte[3072];
        dataset.read(2, pixels);
        assertThat(pixels[0]).isEqualTo((byte) 57);
    }

    @Test
    void aFileThatIsCutShortIsNamedWithItsSizeAndTheWayOut() throws IOException {
        Path file = folder.resolve("test_batch.bin");
        Files.write(file, Arrays.copyOf(records(1, 1, 2), 6000));
        assertThatThrownBy(() -> Cifar.cifar10(Split.TEST, folder))
                .isInstanceOf(DataProblem.class)
                .hasMessage(
                        file
                                + ": cut short: its 6000 bytes are not a multiple of 3073, the size of one record; get them"
                                + " with `athanor data fetch cifar10 --data-dir "
                                + folder
                                + "`, or name their folder with --data-dir DIR");
    }

    @Test
    void aLabelOutOfRangeIsNamedWithItsRecord() throws IOException {
        Path file = folder.resolve("test_batch.bin");
        Files.write(file, records(1, 1, 2, 200));
        assertThatThrownBy(() -> Cifar.cifar10(Split.TEST, folder))
                .isInstanceOf(DataProblem.class)
                .hasMessageContaining(
                        file + ": record 2 (from 0) has label 200, and the labels are 0 to 9");
    }

    @Test
    void missingFilesSayWhereWasLookedForWhat() throws IOException {
        assertThatThrownBy(() -> Cifar.cifar10(Split.TRAIN, folder))
                .isInstanceOf(DataProblem.class)
                .hasMessageContaining(
                        "no data_batch_1.bin (nor cifar-10-binary.tar.gz) in " + folder)
                .hasMessageContaining(folder.resolve("cifar-10-batches-bin").toString())
                .hasMessageContaining("athanor data fetch cifar10 --data-dir " + folder);
        writeTraining(folder);
        Path third = folder.resolve("data_batch_3.bin");
        Files.delete(third);
        assertThatThrownBy(() -> Cifar.cifar10(Split.TRAIN, folder))
                .hasMessageContaining(third + ": missing, though files beside it are there");
        Path nowhere = folder.resolve("nowhere");
        assertThatThrownBy(() -> Cifar.cifar10(Split.TRAIN, nowhere))
                .hasMessageContaining(nowhere + ": no such folder");
    }

    @Test
    void theRealFilesHaveTheirMeansAndBalancedClasses() {
        Path data = RealData.folderWith("cifar-10-batches-bin/test_batch.bin");
        Dataset dataset = Cifar.cifar10(Split.TEST, data);
        assertThat(dataset.size()).isEqualTo(10_000);
        int[] counts = new int[10];
        double[] sums = new double[3];
        byte[] pixels = new byte[3072];
        for (int i = 0; i < dataset.size(); i++) {
            counts[dataset.label(i)]++;
            dataset.read(i, pixels);
            for (int p = 0; p < 3072; p++) {
                sums[p % 3] += pixels[p] & 0xff;
            }
        }
        assertThat(counts).containsOnly(1000);
        float[] mean = Datasets.named("cifar10").normalization().mean();
        for (int c = 0; c < 3; c++) {
            assertThat(sums[c] / 255 / 1024 / dataset.size())
                    .isBetween(mean[c] - 0.01, mean[c] + 0.01);
        }
    }
}
