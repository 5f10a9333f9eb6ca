package athanor.cli;

import athanor.train.data.DataProblem;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Reads binary PPM (P6, colour) and PGM (P5, grey) files of one byte a sample: magic, width,
/// height, largest value, in text with comments behind `#`, one white space, samples.
final class Pixmap {
    private final Path file;
    private final byte[] bytes;
    private int at;

    private Pixmap(Path file, byte[] bytes) {
        this.file = file;
        this.bytes = bytes;
    }

    static BufferedImage read(Path file) throws IOException {
        return new Pixmap(file, Files.readAllBytes(file)).image();
    }

    private BufferedImage image() {
        boolean colour = bytes.length > 2 && bytes[0] == 'P' && bytes[1] == '6';
        boolean grey = bytes.length > 2 && bytes[0] == 'P' && bytes[1] == '5';
        if (!colour && !grey) {
            throw problem("does not begin with P5 or P6");
        }
        at = 2;
        int width = number();
        int height = number();
        int largest = number();
        at++;
        double samples = (double) width * height * (colour ? 3 : 1);
        if (largest < 1
                || largest > 255
                || width < 1
                || height < 1
                || bytes.length - at < samples) {
            throw problem("has a wrong header, or is cut off");
        }
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int red = sample(largest);
                image.setRGB(
                        x,
                        y,
                        colour
                                ? red << 16 | sample(largest) << 8 | sample(largest)
                                : red * 0x010101);
            }
        }
        return image;
    }

    private int sample(int largest) {
        return Math.min(255, (bytes[at++] & 0xff) * 255 / largest);
    }

    private int number() {
        while (at < bytes.length && (Character.isWhitespace(bytes[at]) || bytes[at] == '#')) {
            boolean comment = bytes[at] == '#';
            at++;
            while (comment && at < bytes.length && bytes[at] != '\n') {
                at++;
            }
        }
        long number = 0;
        int start = at;
        while (at < bytes.length && Character.isDigit(bytes[at])) {
            number = Math.min(Integer.MAX_VALUE, number * 10 + (bytes[at++] - '0'));
        }
        if (at == start) {
            throw problem("has a wrong header");
        }
        return (int) number;
    }

    private DataProblem problem(String what) {
        return new DataProblem(file, what, "give a PPM (P6) or PGM (P5) file of one byte a sample");
    }
}
