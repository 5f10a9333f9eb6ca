package athanor.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import athanor.kernels.random.PhiloxKey;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What augmentation does to colours and parts of images.
class ColoursTest {
    private static final ImageShape ROW = new ImageShape(1, 4, 1);

    @TempDir private Path folder;

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    private static byte[] apply(Augmentation.Step step, ImageShape shape, byte[] image, int seed) {
        byte[] to = new byte[step.output(shape).size()];
        PhiloxKey key = PhiloxKey.of(seed);
        Augmentation.Draw draw = new Augmentation.Draw(key, PhiloxKey.of(7).derive(seed), 0);
        return step.ready(shape).apply(image.clone(), to, draw) ? to : image;
    }

    /// By hand, as PIL defines them.
    @Test
    void coloursMixAPixelWithBlackTheMeanOrItsGrey() {
        Colours colours = new Colours(ROW);
        byte[] image = bytes(0, 100, 200, 100);
        colours.brightness(image, 1.5f);
        assertThat(image).isEqualTo(bytes(0, 150, 255, 150));
        image = bytes(0, 100, 200, 100);
        colours.contrast(image, 0.5f);
        assertThat(image).isEqualTo(bytes(50, 100, 150, 100));
        byte[] pixel = bytes(200, 100, 0);
        new Colours(new ImageShape(1, 1, 3)).saturation(pixel, 0);
        // 0.299 * 200 + 0.587 * 100
        assertThat(pixel).isEqualTo(bytes(119, 119, 119));
        image = bytes(0, 100, 200, 255);
        colours.posterize(image, 2);
        assertThat(image).isEqualTo(bytes(0, 64, 192, 192));
        image = bytes(0, 100, 200, 255);
        colours.solarize(image, 128);
        assertThat(image).isEqualTo(bytes(0, 100, 55, 0));
        image = bytes(50, 100, 150, 100);
        colours.autoContrast(image);
        assertThat(image).isEqualTo(bytes(0, 127, 255, 127));
    }

    @Test
    void equalizeSpreadsTheValues() {
        ImageShape shape = new ImageShape(32, 32, 1);
        byte[] image = new byte[1024];
        for (int i = 0; i < 1024; i++) {
            image[i] = (byte) (100 + i % 4);
        }
        new Colours(shape).equalize(image);
        // 256 pixels of each of four values; (1024 - 256) / 255 = 3 pixels a step.
        assertThat(new int[] {image[0] & 0xff, image[1] & 0xff, image[2] & 0xff, image[3] & 0xff})
                .containsExactly(0, 85, 171, 255);
    }

    @Test
    void sharpnessOfZeroIsASmoothedImageWithItsBorder() {
        byte[] image = bytes(0, 0, 0, 0, 130, 0, 0, 0, 0);
        new Colours(new ImageShape(3, 3, 1)).sharpness(image, 0);
        // (5 * 130) / 13
        assertThat(image).isEqualTo(bytes(0, 0, 0, 0, 50, 0, 0, 0, 0));
    }

    @Test
    void trivialAugmentChangesMostImagesAndFollowsItsKey() {
        ImageShape shape = new ImageShape(16, 16, 3);
        byte[] image = new byte[shape.size()];
        for (int i = 0; i < image.length; i++) {
            image[i] = (byte) (i * 37 + i / 48 * 11);
        }
        int changed = 0;
        Set<Integer> results = new HashSet<>();
        for (int i = 0; i < 300; i++) {
            byte[] result = apply(new TrivialAugment(), shape, image, i);
            assertThat(apply(new TrivialAugment(), shape, image, i)).isEqualTo(result);
            changed += java.util.Arrays.equals(result, image) ? 0 : 1;
            results.add(java.util.Arrays.hashCode(result));
        }
        assertThat(changed).isBetween(200, 299);
        assertThat(results).hasSizeGreaterThan(120);
    }

    @Test
    void jitterStaysWithinItsStrength() {
        byte[] grey = bytes(100, 100, 100);
        Set<Integer> values = new HashSet<>();
        for (int i = 0; i < 200; i++) {
            byte[] result = apply(new ColourJitter(0.2), new ImageShape(1, 1, 3), grey, i);
            values.add(result[0] & 0xff);
            assertThat(result[0] & 0xff).isBetween(80, 120);
        }
        assertThat(values).hasSizeGreaterThan(20);
        assertThat(apply(new ColourJitter(0), new ImageShape(1, 1, 3), grey, 1)).isEqualTo(grey);
    }

    /// All colours lie on one line, red = 2 green, and blue is constant: shifts stay on it.
    @Test
    void lightingMovesAlongThePrincipalComponentsOfTheData() {
        ImageShape shape = new ImageShape(1, 100, 3);
        byte[] pixels = new byte[300];
        for (int i = 0; i < 100; i++) {
            pixels[3 * i] = (byte) (2 * i);
            pixels[3 * i + 1] = (byte) i;
            pixels[3 * i + 2] = 50;
        }
        Lighting lighting =
                Lighting.of(1, new StoredImages("line", List.of("a"), shape, pixels, new byte[1]));
        List<Double> first = lighting.directions().getFirst();
        assertThat(first.get(0)).isEqualTo(2 * first.get(1), within(1e-9));
        assertThat(first.get(2)).isEqualTo(0, within(1e-9));
        // The variance of 0 .. 99 is 833.25; five times that along (2, 1) / sqrt(5).
        double length = Math.hypot(first.get(0), first.get(1));
        assertThat(length).isEqualTo(255 * 5 * 833.25 / (255 * 255), within(1e-6));
        byte[] moved = apply(lighting, shape, pixels, 3);
        int red = (moved[150] & 0xff) - 100;
        int green = (moved[151] & 0xff) - 50;
        assertThat((double) red).isEqualTo(2.0 * green, within(2.0));
        assertThat(moved[152]).isEqualTo((byte) 50);
    }

    // ---- parts ----

    @Test
    void boxesLieWithinTheImageAndHaveTheAreaAndForm() {
        for (int i = 0; i < 500; i++) {
            Box box = Box.draw(50, 80, 0.08, 1, 0.75, PhiloxKey.of(i));
            assertThat(box.top()).isNotNegative();
            assertThat(box.left()).isNotNegative();
            assertThat(box.top() + box.height()).isLessThanOrEqualTo(50);
            assertThat(box.left() + box.width()).isLessThanOrEqualTo(80);
            assertThat(box.height() * box.width()).isGreaterThan(50 * 80 * 7 / 100);
            assertThat((double) box.width() / box.height()).isBetween(0.7, 1.43);
        }
        // No box of an allowed form has 90 % of a strip.
        assertThat(Box.draw(10, 1000, 0.9, 1, 0.75, PhiloxKey.of(1)))
                .isEqualTo(new Box(0, 493, 10, 13));
    }

    @Test
    void erasedBoxesHaveTheMean() {
        ImageShape shape = new ImageShape(20, 20, 1);
        byte[] image = new byte[400];
        Augmentation.Step erase = new Augmentation.RandomErase(0.5, List.of(9));
        int erased = 0;
        for (int i = 0; i < 200; i++) {
            byte[] result = apply(erase, shape, image, i);
            int area = 0;
            for (byte b : result) {
                assertThat(b).isIn((byte) 0, (byte) 9);
                area += b == 9 ? 1 : 0;
            }
            if (area > 0) {
                assertThat(area).isBetween(4, 140);
                erased++;
            }
        }
        assertThat(erased).isBetween(75, 125);
    }

    @Test
    void alternatingFlipsShowBothSidesInTwoEpochs() {
        ImageShape shape = new ImageShape(1, 2, 1);
        byte[] image = bytes(1, 2);
        Augmentation.Transform flip = new Augmentation.AlternatingFlip().ready(shape);
        int first = 0;
        for (int sample = 0; sample < 100; sample++) {
            PhiloxKey always = PhiloxKey.of(3).derive(sample);
            boolean[] flipped = new boolean[4];
            for (int epoch = 0; epoch < 4; epoch++) {
                Augmentation.Draw draw = new Augmentation.Draw(PhiloxKey.of(epoch), always, epoch);
                flipped[epoch] = flip.apply(image, new byte[2], draw);
            }
            assertThat(flipped[0]).isNotEqualTo(flipped[1]).isEqualTo(flipped[2]);
            assertThat(flipped[1]).isEqualTo(flipped[3]);
            first += flipped[0] ? 1 : 0;
        }
        assertThat(first).isBetween(30, 70);
    }

    @Test
    void reflectedShiftsRepeatNoBorderPixel() {
        ImageShape shape = new ImageShape(1, 5, 1);
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < 200; i++) {
            byte[] moved =
                    apply(new Augmentation.RandomCrop(1, true), shape, bytes(1, 2, 3, 4, 5), i);
            seen.add(java.util.Arrays.toString(moved));
        }
        assertThat(seen)
                .containsExactlyInAnyOrder("[2, 1, 2, 3, 4]", "[1, 2, 3, 4, 5]", "[2, 3, 4, 5, 4]");
    }

    // ---- folders of large images ----

    private void write(String name, int width, int height, int rgb) throws IOException {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < width * height; i++) {
            image.setRGB(i % width, i / width, rgb);
        }
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        ImageIO.write(image, name.endsWith("png") ? "png" : "jpg", file.toFile());
    }

    /// A part of the whole image, not of its middle square: of a strip whose ends alone are white.
    @Test
    void partsOfAFolderComeFromTheWholeImage() throws IOException {
        BufferedImage image = new BufferedImage(300, 60, BufferedImage.TYPE_3BYTE_BGR);
        for (int i = 0; i < 300 * 60; i++) {
            image.setRGB(i % 300, i / 300, i % 300 < 100 ? 0xffffff : 0x102030);
        }
        Files.createDirectories(folder.resolve("train/a"));
        ImageIO.write(image, "png", folder.resolve("train/a/1.png").toFile());
        ImageFolder dataset = ImageFolder.open(Split.TRAIN, folder, 8);
        int white = 0;
        for (int i = 0; i < 100; i++) {
            byte[] pixels = new byte[8 * 8 * 3];
            dataset.readPart(0, pixels, PhiloxKey.of(i));
            white += (pixels[0] & 0xff) == 255 ? 1 : 0;
            if ((pixels[0] & 0xff) < 20) {
                assertThat(pixels).startsWith(0x10, 0x20, 0x30);
            }
        }
        assertThat(white).isBetween(15, 60);
    }

    @Test
    void aBadImageIsRememberedAndOneOfItsClassReadInItsPlace() throws IOException {
        write("train/a/1.png", 8, 8, 0x010101);
        Files.writeString(folder.resolve("train/a/2.jpg"), "no image");
        write("train/a/3.png", 8, 8, 0x030303);
        write("train/b/1.png", 8, 8, 0x0b0b0b);
        ImageFolder dataset = ImageFolder.open(Split.TRAIN, folder, 4);
        byte[] pixels = new byte[48];
        assertThat(dataset.problems()).isEmpty();
        for (int i = 0; i < 2; i++) {
            dataset.read(1, pixels);
            assertThat(pixels[0]).isEqualTo((byte) 3);
            dataset.readPart(1, pixels, PhiloxKey.of(1));
            assertThat(pixels[0]).isEqualTo((byte) 3);
        }
        assertThat(dataset.problems())
                .singleElement()
                .asString()
                .startsWith(folder.resolve("train/a/2.jpg") + ": not an image that can be read");
    }
}
