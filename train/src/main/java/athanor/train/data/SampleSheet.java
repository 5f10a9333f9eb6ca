package athanor.train.data;

import athanor.kernels.random.Philox;
import athanor.kernels.random.PhiloxKey;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;

/// A grid of samples of a data set as one picture. Small images are enlarged by a whole number.
public final class SampleSheet {
    private static final int GAP = 4;
    private static final int PAPER = 0xffffff;
    private static final int INK = 0x202020;

    private SampleSheet() {}

    /// A sample, and the lines below it.
    public record Cell(int sample, List<String> words) {}

    /// Draws rows x columns samples, chosen by the seed, each with its class below it if
    /// `labelled`.
    public static BufferedImage draw(
            Dataset dataset, int rows, int columns, boolean labelled, long seed) {
        int[] order = Philox.permutation(PhiloxKey.of(seed).derive("sheet"), dataset.size());
        List<Cell> cells = new ArrayList<>();
        for (int i = 0; i < Math.min(rows * columns, order.length); i++) {
            String label = dataset.classNames().get(dataset.label(order[i]));
            cells.add(new Cell(order[i], labelled ? List.of(label) : List.of()));
        }
        return draw(dataset, cells, columns, rows);
    }

    /// Draws samples row by row.
    public static BufferedImage draw(Dataset dataset, List<Cell> cells, int columns) {
        return draw(dataset, cells, columns, (cells.size() + columns - 1) / columns);
    }

    private static BufferedImage draw(Dataset dataset, List<Cell> cells, int columns, int rows) {
        ImageShape shape = dataset.shape();
        int scale = scale(shape);
        int line = PixelFont.HEIGHT + GAP;
        int lines = cells.stream().mapToInt(cell -> cell.words().size()).max().orElse(0);
        int cellWidth = shape.width() * scale + GAP;
        int cellHeight = shape.height() * scale + GAP + lines * line;
        BufferedImage sheet = paper(columns * cellWidth + GAP, rows * cellHeight + GAP);
        for (int i = 0; i < cells.size(); i++) {
            int left = GAP + i % columns * cellWidth;
            int top = GAP + i / columns * cellHeight;
            paint(dataset, cells.get(i).sample(), sheet, left, top, scale);
            int below = top + shape.height() * scale + GAP / 2;
            for (String words : cells.get(i).words()) {
                PixelFont.draw(sheet, words, left, below, cellWidth - GAP, INK);
                below += line;
            }
        }
        return sheet;
    }

    /// One sample alone.
    public static BufferedImage image(Dataset dataset, int sample) {
        BufferedImage image = paper(dataset.shape().width(), dataset.shape().height());
        paint(dataset, sample, image, 0, 0, 1);
        return image;
    }

    private static int scale(ImageShape shape) {
        return Math.max(1, 64 / shape.height());
    }

    private static BufferedImage paper(int width, int height) {
        BufferedImage paper = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        int[] white = new int[width * height];
        Arrays.fill(white, PAPER);
        paper.setRGB(0, 0, width, height, white, 0, width);
        return paper;
    }

    private static void paint(
            Dataset dataset, int sample, BufferedImage sheet, int left, int top, int scale) {
        ImageShape shape = dataset.shape();
        byte[] pixels = new byte[shape.size()];
        dataset.read(sample, pixels);
        for (int y = 0; y < shape.height() * scale; y++) {
            for (int x = 0; x < shape.width() * scale; x++) {
                sheet.setRGB(left + x, top + y, colour(pixels, shape, y / scale, x / scale));
            }
        }
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
