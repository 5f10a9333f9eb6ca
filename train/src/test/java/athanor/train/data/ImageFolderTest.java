package athanor.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFolderTest {
    @TempDir Path folder;

    private Path write(String file, int height, int width, int rgb) throws IOException {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < height * width; i++) {
            image.setRGB(i % width, i / width, rgb);
        }
        return write(file, image);
    }

    private Path write(String file, BufferedImage image) throws IOException {
        Path path = folder.resolve(file);
        Files.createDirectories(path.getParent());
        assertThat(ImageIO.write(image, file.endsWith("png") ? "png" : "jpg", path.toFile()))
                .isTrue();
        return path;
    }

    @Test
    void classesAndFilesAreSortedAndOtherFilesIgnored() throws IOException {
        write("train/zebra/1.png", 4, 4, 0x010203);
        write("train/ape/b.JPEG", 4, 4, 0x808080);
        write("train/ape/a.png", 4, 4, 0xff8000);
        Files.writeString(folder.resolve("train/ape/notes.txt"), "no image");
        Files.writeString(folder.resolve("train/.hidden"), "");
        ImageFolder dataset = ImageFolder.open(Split.TRAIN, folder, 4);
        assertThat(dataset.classNames()).containsExactly("ape", "zebra");
        assertThat(dataset.size()).isEqualTo(3);
        byte[] pixels = new byte[48];
        dataset.read(0, pixels);
        assertThat(new int[] {pixels[0] & 0xff, pixels[1] & 0xff, pixels[2] & 0xff})
                .containsExactly(255, 128, 0);
        dataset.read(2, pixels);
        assertThat(dataset.label(2)).isEqualTo(1);
        assertThat(pixels).startsWith(1, 2, 3).endsWith(1, 2, 3);
    }

    @Test
    void theMiddleSquareIsKept() throws IOException {
        BufferedImage image = new BufferedImage(30, 10, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 300; i++) {
            image.setRGB(i % 30, i / 30, i % 30 >= 10 && i % 30 < 20 ? 0x0000ff : 0xff0000);
        }
        write("train/wide/1.png", image);
        byte[] pixels = new byte[5 * 5 * 3];
        ImageFolder.open(Split.TRAIN, folder, 5).read(0, pixels);
        for (int i = 0; i < 25; i++) {
            assertThat(pixels[3 * i]).isZero();
            assertThat(pixels[3 * i + 2]).isEqualTo((byte) 255);
        }
    }

    @Test
    void greySamplesAreTakenAsTheyAre() throws IOException {
        BufferedImage image = new BufferedImage(4, 4, BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < 16; i++) {
            image.getRaster().setSample(i % 4, i / 4, 0, 100 + i);
        }
        write("train/grey/1.png", image);
        byte[] pixels = new byte[48];
        ImageFolder.open(Split.TRAIN, folder, 4).read(0, pixels);
        for (int i = 0; i < 48; i++) {
            assertThat(pixels[i]).isEqualTo((byte) (100 + i / 3));
        }
    }

    @Test
    void theTrainingFolderNumbersTheClassesOfBothSplits() throws IOException {
        write("train/a/1.png", 2, 2, 0);
        write("train/b/1.png", 2, 2, 0);
        write("val/b/1.png", 2, 2, 0);
        assertThat(ImageFolder.open(Split.TEST, folder, 2).label(0)).isEqualTo(1);
        Path other = write("val/c/1.png", 2, 2, 0).getParent();
        assertThatThrownBy(() -> ImageFolder.open(Split.TEST, folder, 2))
                .isInstanceOf(DataProblem.class)
                .hasMessageContaining(other + ": a class that");
    }

    @Test
    void whatIsMissingOrEmptyIsNamed() throws IOException {
        assertThatThrownBy(() -> ImageFolder.open(Split.TEST, folder, 2))
                .isInstanceOf(DataProblem.class)
                .hasMessageContaining(folder.resolve("val") + ": no such folder")
                .hasMessageContaining("train/CLASS/*.jpg");
        Files.createDirectory(folder.resolve("train"));
        assertThatThrownBy(() -> ImageFolder.open(Split.TRAIN, folder, 2))
                .hasMessageContaining(folder.resolve("train") + ": has no class folders");
        Path empty = Files.createDirectory(folder.resolve("train/empty"));
        assertThatThrownBy(() -> ImageFolder.open(Split.TRAIN, folder, 2))
                .isInstanceOf(DataProblem.class)
                .hasMessageContaining(empty + ": an empty class");
    }

    @Test
    void anUnreadableImageIsNamedWhenItIsRead() throws IOException {
        Path text = folder.resolve("train/a/1.jpg");
        Files.createDirectories(text.getParent());
        Files.writeString(text, "not an image");
        Path cut = write("train/a/2.png", 40, 40, 0xabcdef);
        byte[] content = Files.readAllBytes(cut);
        Files.write(cut, Arrays.copyOf(content, 60));
        ImageFolder dataset = ImageFolder.open(Split.TRAIN, folder, 2);
        for (int i = 0; i < 2; i++) {
            int index = i;
            assertThatThrownBy(() -> dataset.read(index, new byte[12]))
                    .isInstanceOf(DataProblem.class)
                    .hasMessageStartingWith(
                            (i == 0 ? text : cut) + ": not an image that can be read");
        }
    }
}
