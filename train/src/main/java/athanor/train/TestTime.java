package athanor.train;

import java.util.Arrays;
import java.util.List;

/// The views of an image that an evaluation looks at; their logits are averaged by weight.
public enum TestTime {
    /// The image as it is.
    NONE,
    /// And its mirror image.
    MIRROR,
    /// And both of them again, moved by a pixel up and left and down and right; what comes in at
    /// the border is a mirror image. The moved ones count half.
    CROPS;

    /// An image, mirrored or not, moved down and right by `shift` pixels.
    record View(boolean mirrored, int shift, double weight) {}

    List<View> views() {
        return switch (this) {
            case NONE -> List.of(new View(false, 0, 1));
            case MIRROR -> List.of(new View(false, 0, 0.5), new View(true, 0, 0.5));
            case CROPS ->
                    Arrays.asList(
                            new View(false, 0, 0.25),
                            new View(true, 0, 0.25),
                            new View(false, -1, 0.125),
                            new View(true, -1, 0.125),
                            new View(false, 1, 0.125),
                            new View(true, 1, 0.125));
        };
    }

    /// The view of `count` images `[H, W, C]`.
    static float[] of(View view, float[] images, int count, int height, int width, int channels) {
        float[] result = new float[count * height * width * channels];
        for (int i = 0; i < count * height; i++) {
            int y = reflected(i % height - view.shift, height);
            int row = (i - i % height + y) * width;
            for (int x = 0; x < width; x++) {
                int moved = reflected(x - view.shift, width);
                int source = view.mirrored ? width - 1 - moved : moved;
                System.arraycopy(
                        images,
                        (row + source) * channels,
                        result,
                        (i * width + x) * channels,
                        channels);
            }
        }
        return result;
    }

    /// Beyond the border, the pixels come back without the border's own: -1 is 1.
    private static int reflected(int place, int length) {
        int back = Math.abs(place);
        return Math.min(back < length ? back : 2 * (length - 1) - back, length - 1);
    }
}
