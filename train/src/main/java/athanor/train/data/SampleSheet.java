package athanor.train.data;

import athanor.kernels.random.Philox;
import athanor.kernels.random.PhiloxKey;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/// A grid of samples of a data set as one picture. Small images are enlarged by a whole number.
public final class SampleSheet {
    private static final int GAP = 4;
    private static final int PAPER = 0xffffff;
    private static final int INK = 0x202020;

    private SampleSheet() {}

    /// Draws rows x columns samples, chosen by the seed, each with its class below it if
    /// `labelled`.
    public static BufferedImage draw(
            Dataset dataset, int rows, int columns, boolean labelled, long seed) {
        ImageShape shape = dataset.shape();
        int scale = Math.max(1, 64 / shape.height());
        int cellWidth = shape.width() * scale + GAP;
        int cellHeight = shape.height() * scale + GAP + (labelled ? PixelFont.HEIGHT + GAP : 0);
        BufferedImage sheet =
                new BufferedImage(
                        columns * cellWidth + GAP,
                        rows * cellHeight + GAP,
                        BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < sheet.getHeight(); y++) {
            for (int x = 0; x < sheet.getWidth(); x++) {
                sheet.setRGB(x, y, PAPER);
            }
        }
        int[] order = Philox.permutation(PhiloxKey.of(seed).derive("sheet"), dataset.size());
        byte[] pixels = new byte[shape.size()];
        for (int i = 0; i < Math.min(rows * columns, order.length); i++) {
            int left = GAP + i % columns * cellWidth;
            int top = GAP + i / columns * cellHeight;
            dataset.read(order[i], pixels);
            for (int y = 0; y < shape.height() * scale; y++) {
                for (int x = 0; x < shape.width() * scale; x++) {
                    sheet.setRGB(left + x, top + y, colour(pixels, shape, y / scale, x / scale));
                }
            }
            if (labelled) {
                String label = dataset.classNames().get(dataset.label(order[i]));
                PixelFont.draw(
                        sheet,
                        label,
                        left,
                        top + shape.height() * scale + GAP / 2,
                        cellWidth - GAP,
                        INK);
            }
        }
        return sheet;
    }

    /// Draws a sheet into a PNG file.
    public static void write(
            Dataset dataset, int rows, int columns, boolean labelled, long seed, Path file) {
        try (var out = Files.newOutputStream(file)) {
            ImageIO.write(draw(dataset, rows, columns, labelled, seed), "png", out);
        } catch (IOException e) {
            throw new DataProblem(
                    file,
                    "cannot be written (" + e + ")",
                    "name a file in a folder that is there",
                    e);
        }
    }

    private static int colour(byte[] pixels, ImageShape shape, int y, int x) {
        int at = (y * shape.width() + x) * shape.channels();
        int red = pixels[at] & 0xff;
        return shape.channels() < 3
                ? red * 0x010101
                : red << 16 | (pixels[at + 1] & 0xff) << 8 | (pixels[at + 2] & 0xff);
    }
}
