package athanor.train.data;

import static org.assertj.core.api.Assertions.assertThat;

import athanor.kernels.parallel.Parallel;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

class Shapes10Test {
    private static long checksum(Dataset dataset) {
        CRC32 crc = new CRC32();
        byte[] pixels = new byte[dataset.shape().size()];
        for (int i = 0; i < dataset.size(); i++) {
            dataset.read(i, pixels);
            crc.update(pixels);
            crc.update(dataset.label(i));
        }
        return crc.getValue();
    }

    @Test
    void imagesDependOnSeedAndSplitAloneNotOnThreadsOrCount() {
        int before = Parallel.threads();
        long two;
        long one;
        try {
            Parallel.threads(2);
            two = checksum(Shapes10.draw(Split.TRAIN, 300, 0));
            Parallel.threads(1);
            one = checksum(Shapes10.draw(Split.TRAIN, 300, 0));
        } finally {
            Parallel.threads(before);
        }
        assertThat(two).isEqualTo(one);
        assertThat(checksum(Shapes10.draw(Split.TRAIN, 300, 1))).isNotEqualTo(one);
        assertThat(checksum(Shapes10.draw(Split.TEST, 300, 0))).isNotEqualTo(one);
        byte[] fromMany = new byte[3072];
        byte[] fromFew = new byte[3072];
        Shapes10.draw(Split.TRAIN, 300, 0).read(99, fromMany);
        Shapes10.draw(Split.TRAIN, 100, 0).read(99, fromFew);
        assertThat(fromFew).isEqualTo(fromMany);
    }

    /// Fails when any pixel changes: figures of accuracy in the documents are about these very
    /// images.
    @Test
    void theImagesAreThoseOfTheDocuments() {
        assertThat(checksum(Shapes10.draw(Split.TEST, 500, 0))).isEqualTo(3534076118L);
    }

    @Test
    void classesAreBalancedAndNamed() {
        Dataset dataset = Shapes10.draw(Split.TEST);
        assertThat(dataset.size()).isEqualTo(2_000);
        assertThat(dataset.classNames()).hasSize(10).contains("star", "horizontal-bars");
        int[] counts = new int[10];
        for (int i = 0; i < dataset.size(); i++) {
            counts[dataset.label(i)]++;
        }
        assertThat(counts).containsOnly(200);
    }

    /// A figure covers a part of the canvas and stands out from it, in whatever colours: its mean
    /// pixel says nothing.
    @Test
    void theMeanImageOfEveryClassIsFlat() {
        Dataset dataset = Shapes10.draw(Split.TRAIN, 4_000, 0);
        double[][] sums = new double[10][3072];
        byte[] pixels = new byte[3072];
        for (int i = 0; i < dataset.size(); i++) {
            dataset.read(i, pixels);
            for (int p = 0; p < 3072; p++) {
                sums[dataset.label(i)][p] += pixels[p] & 0xff;
            }
        }
        for (double[] sum : sums) {
            for (double value : sum) {
                assertThat(value / 400).isBetween(105.0, 150.0);
            }
        }
    }
}
