package athanor.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetsTest {
    @TempDir Path folder;

    @Test
    void anUnknownNameListsTheKnownOnesAndTheNearest() {
        assertThatThrownBy(() -> Datasets.named("CIFAR-10"))
                .isInstanceOf(DataProblem.class)
                .hasMessage(
                        "data set 'CIFAR-10': there is none of that name; accepted are shapes10, cifar10, cifar100, mnist,"
                                + " fashion-mnist, imagefolder; did you mean cifar10?");
        assertThatThrownBy(() -> Datasets.named("fashionmnist"))
                .hasMessageContaining("did you mean fashion-mnist?");
        assertThatThrownBy(() -> Datasets.named("shape"))
                .hasMessageContaining("did you mean shapes10?");
    }

    @Test
    void shapes10NeedsNoFolderAndTheOthersSayHowToGetTheirs() {
        assertThat(Datasets.open("shapes10", Split.TEST, Optional.empty(), 32).size())
                .isEqualTo(2_000);
        assertThatThrownBy(() -> Datasets.open("mnist", Split.TEST, Optional.empty(), 28))
                .isInstanceOf(DataProblem.class)
                .hasMessageContaining("athanor data fetch mnist --data-dir DIR");
        assertThatThrownBy(() -> Datasets.open("imagefolder", Split.TEST, Optional.empty(), 28))
                .hasMessageContaining("train/CLASS/*.jpg");
        assertThatThrownBy(() -> Datasets.fetch("shapes10", folder, (name, bytes, total) -> {}))
                .hasMessageContaining("nothing to fetch");
    }

    @Test
    void everyDescriptionFitsItsData() {
        for (DatasetDescription description : Datasets.all()) {
            assertThat(description.normalization().channels())
                    .isEqualTo(description.shape().channels());
            for (RemoteFile file : description.files()) {
                assertThat(file.sha256()).matches("[0-9a-f]{64}");
                assertThat(file.size()).isPositive();
                assertThat(file.name()).endsWith(".gz");
            }
        }
        assertThat(Datasets.named("mnist").standardAugmentation(new ImageShape(28, 28, 1)))
                .isEqualTo(Augmentation.none());
    }

    @Test
    void aSheetShowsSamplesEnlargedWithTheirClasses() throws IOException {
        Path file = folder.resolve("sheet.png");
        Dataset dataset = new CountedImages(3, new ImageShape(16, 16, 1));
        SampleSheet.write(dataset, 2, 2, true, 0, file);
        BufferedImage sheet = ImageIO.read(file.toFile());
        assertThat(sheet.getWidth()).isEqualTo(4 + 2 * 68);
        assertThat(sheet.getHeight()).isEqualTo(4 + 2 * 79);
        // Pixels of one row grow by 7, each 4 x 4 on the sheet; below them stands the class in ink.
        int first = sheet.getRGB(4, 4) & 0xff;
        assertThat(sheet.getRGB(7, 7) & 0xff).isEqualTo(first);
        assertThat(sheet.getRGB(8, 4) & 0xff).isEqualTo((first + 7) % 256);
        int inked = 0;
        for (int i = 0; i < 35; i++) {
            inked += (sheet.getRGB(4 + i % 5, 70 + i / 5) & 0xffffff) == 0x202020 ? 1 : 0;
        }
        assertThat(inked).isBetween(8, 25);
    }
}
