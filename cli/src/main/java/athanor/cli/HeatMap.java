package athanor.cli;

import athanor.train.data.DataProblem;
import athanor.train.data.ImageShape;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import javax.imageio.ImageIO;

/// An image as the model saw it, and right of it, how much each of its pixels matters: from dark
/// over red to yellow. The scale ends where one pixel in a hundred is above it.
record HeatMap(ImageShape shape, byte[] pixels, float[] heat) {
    private static final int SIDE = 256;
    private static final int[] RAMP = {0x0b0724, 0x55106d, 0xba3655, 0xf98c0a, 0xfcffa4};

    /// Writes `NAME-saliency.png` beside an image file; returns where.
    Path writeBeside(Path image) {
        String name = String.valueOf(image.getFileName()).replaceFirst("\\.[^.]*$", "");
        Path file = image.resolveSibling(name + "-saliency.png");
        try (OutputStream out = Files.newOutputStream(file)) {
            ImageIO.write(draw(), "png", out);
        } catch (IOException e) {
            throw new DataProblem(
                    file,
                    "cannot be written (" + e.getMessage() + ")",
                    "copy the image elsewhere",
                    e);
        }
        return file;
    }

    BufferedImage draw() {
        int scale = Math.max(1, SIDE / shape.height());
        int width = shape.width() * scale;
        int height = shape.height() * scale;
        float[] sorted = heat.clone();
        Arrays.sort(sorted);
        float most = Math.max(sorted[sorted.length - 1 - sorted.length / 100], Float.MIN_NORMAL);
        BufferedImage image = new BufferedImage(2 * width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int pixel = y / scale * shape.width() + x / scale;
                image.setRGB(x, y, colour(pixel));
                image.setRGB(width + x, y, ramp(Math.min(1, heat[pixel] / most)));
            }
        }
        return image;
    }

    private int colour(int pixel) {
        int at = pixel * shape.channels();
        int red = pixels[at] & 0xff;
        return shape.channels() == 1
                ? red * 0x010101
                : red << 16 | (pixels[at + 1] & 0xff) << 8 | (pixels[at + 2] & 0xff);
    }

    private static int ramp(double part) {
        double place = part * (RAMP.length - 1);
        int step = Math.min(RAMP.length - 2, (int) place);
        int colour = 0;
        for (int shift = 16; shift >= 0; shift -= 8) {
            int low = RAMP[step] >> shift & 0xff;
            int high = RAMP[step + 1] >> shift & 0xff;
            colour |= (int) Math.round(low + (high - low) * (place - step)) << shift;
        }
        return colour;
    }
}
