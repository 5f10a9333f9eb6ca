package athanor.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import athanor.kernels.random.PhiloxKey;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AugmentationTest {
    private static final ImageShape SHAPE = new ImageShape(5, 7, 3);

    private static byte[] apply(
            Augmentation.Step step, ImageShape shape, byte[] image, PhiloxKey key) {
        byte[] to = new byte[Math.max(image.length, step.output(shape).size())];
        new Random(1).nextBytes(to);
        return step.ready(shape).apply(image, to, new Augmentation.Draw(key, key, 0)) ? to : image;
    }

    private static byte[] image(ImageShape shape) {
        byte[] image = new byte[shape.size()];
        new Random(7).nextBytes(image);
        return image;
    }

    /// The image moved, black where nothing is.
    private static byte[] moved(byte[] image, int down, int right) {
        byte[] moved = new byte[image.length];
        for (int y = 0; y < 5; y++) {
            for (int x = 0; x < 7; x++) {
                for (int c = 0; c < 3; c++) {
                    boolean inside =
                            y - down >= 0 && y - down < 5 && x - right >= 0 && x - right < 7;
                    moved[(y * 7 + x) * 3 + c] =
                            inside ? image[((y - down) * 7 + x - right) * 3 + c] : 0;
                }
            }
        }
        return moved;
    }

    @Test
    void aRandomCropIsOneOfTheShiftsEachAboutEquallyOften() {
        byte[] image = image(SHAPE);
        int[] counts = new int[25];
        for (int n = 0; n < 5_000; n++) {
            byte[] cropped =
                    apply(new Augmentation.RandomCrop(2), SHAPE, image, PhiloxKey.of(3).derive(n));
            int found = -1;
            for (int i = 0; i < 25; i++) {
                if (Arrays.equals(cropped, moved(image, i / 5 - 2, i % 5 - 2))) {
                    found = i;
                }
            }
            assertThat(found).isNotNegative();
            counts[found]++;
        }
        for (int count : counts) {
            assertThat(count).isBetween(140, 260);
        }
    }

    @Test
    void aShiftLargerThanTheImageLeavesBlack() {
        byte[] image = image(SHAPE);
        for (int n = 0; n < 30; n++) {
            byte[] cropped = apply(new Augmentation.RandomCrop(20), SHAPE, image, PhiloxKey.of(n));
            boolean found = false;
            for (int i = 0; i < 41 * 41 && !found; i++) {
                found = Arrays.equals(cropped, moved(image, i / 41 - 20, i % 41 - 20));
            }
            assertThat(found).isTrue();
        }
    }

    @Test
    void halfOfTheImagesAreMirrored() {
        byte[] image = image(SHAPE);
        byte[] mirrored = new byte[image.length];
        for (int i = 0; i < image.length; i++) {
            int x = i / 3 % 7;
            mirrored[i] = image[i + 3 * (6 - 2 * x)];
        }
        int count = 0;
        for (int n = 0; n < 2_000; n++) {
            byte[] result = apply(new Augmentation.HorizontalFlip(), SHAPE, image, PhiloxKey.of(n));
            assertThat(List.of(image, mirrored))
                    .anySatisfy(one -> assertThat(result).isEqualTo(one));
            count += Arrays.equals(result, mirrored) ? 1 : 0;
        }
        assertThat(count).isBetween(900, 1100);
    }

    /// torch.nn.functional.interpolate([[0, 80, 160, 240], ...], mode="bilinear",
    /// align_corners=False, antialias=True).
    @Test
    void resizeIsThatOfPyTorch() {
        ImageShape row = new ImageShape(4, 4, 1);
        byte[] image = new byte[16];
        for (int i = 0; i < 16; i++) {
            image[i] = (byte) (i % 4 * 80);
        }
        byte[] larger = apply(new Augmentation.Resize(8), row, image, PhiloxKey.of(0));
        assertThat(unsigned(larger, 8)).containsExactly(0, 20, 60, 100, 140, 180, 220, 240);
        byte[] smaller = apply(new Augmentation.Resize(2), row, image, PhiloxKey.of(0));
        assertThat(unsigned(smaller, 2)).containsExactly(57, 183);
        byte[] third = apply(new Augmentation.Resize(3), row, image, PhiloxKey.of(0));
        assertThat(unsigned(third, 3)).containsExactly(24, 120, 216);
    }

    private static int[] unsigned(byte[] bytes, int count) {
        int[] values = new int[count];
        for (int i = 0; i < count; i++) {
            values[i] = bytes[i] & 0xff;
        }
        return values;
    }

    @Test
    void resizingToTheSameSideChangesNothingAndKeepsChannelsApart() {
        byte[] image = image(new ImageShape(9, 9, 3));
        assertThat(
                        apply(
                                new Augmentation.Resize(9),
                                new ImageShape(9, 9, 3),
                                image,
                                PhiloxKey.of(0)))
                .isEqualTo(image);
        byte[] colours = new byte[9 * 9 * 3];
        for (int i = 0; i < colours.length; i++) {
            colours[i] = (byte) (i % 3 * 100);
        }
        for (int side : new int[] {1, 4, 13, 224}) {
            byte[] resized =
                    apply(
                            new Augmentation.Resize(side),
                            new ImageShape(9, 9, 3),
                            colours,
                            PhiloxKey.of(0));
            for (int i = 0; i < side * side * 3; i++) {
                assertThat(resized[i]).isEqualTo((byte) (i % 3 * 100));
            }
        }
    }

    @Test
    void normalizationIsThatOfPyTorch() {
        float[] table =
                new Normalization(new float[] {0.4914f, 0.5f}, new float[] {0.2023f, 0.25f})
                        .table();
        assertThat(table[0]).isEqualTo((0 - 0.4914f) / 0.2023f);
        assertThat(table[200]).isEqualTo((200 / 255f - 0.4914f) / 0.2023f);
        assertThat(table[256 + 255]).isEqualTo(2f, within(0f));
    }

    @Test
    void stepsFollowOneAnotherAndChangeTheShape() {
        Augmentation augmentation =
                Augmentation.standard(new ImageShape(32, 32, 3)).then(new Augmentation.Resize(64));
        assertThat(augmentation.steps())
                .containsExactly(
                        new Augmentation.RandomCrop(4),
                        new Augmentation.HorizontalFlip(),
                        new Augmentation.Resize(64));
        assertThat(augmentation.output(new ImageShape(32, 32, 3)))
                .isEqualTo(new ImageShape(64, 64, 3));
    }
}
