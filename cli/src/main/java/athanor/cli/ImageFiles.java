package athanor.cli;

import athanor.train.data.DataProblem;
import athanor.train.data.Dataset;
import athanor.train.data.ImageFolder;
import athanor.train.data.ImageShape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;

/// Image files that nobody has labelled, brought to the shape that a model takes.
record ImageFiles(List<byte[]> images, ImageShape shape, List<String> classNames)
        implements Dataset {

    static ImageFiles read(List<Path> files, int side, int channels, List<String> classNames) {
        if (channels != 1 && channels != 3) {
            throw new DataProblem(
                    "the model",
                    "takes images of " + channels + " channels",
                    "only grey and colour images can be read");
        }
        List<byte[]> images = files.stream().map(file -> read(file, side, channels)).toList();
        return new ImageFiles(images, new ImageShape(side, side, channels), classNames);
    }

    private static byte[] read(Path file, int side, int channels) {
        if (!Files.isRegularFile(file)) {
            throw new DataProblem(file, "there is no such file", "check the name");
        }
        byte[] colour = new byte[side * side * 3];
        String name = file.toString().toLowerCase(Locale.ROOT);
        if (name.endsWith(".ppm") || name.endsWith(".pgm")) {
            decodePixmap(file, side, colour);
        } else {
            ImageFolder.decode(file, side, colour);
        }
        return channels == 3 ? colour : grey(colour);
    }

    /// The decoder of image folders does not know this format; so it is given one that it knows.
    private static void decodePixmap(Path file, int side, byte[] colour) {
        try {
            Path png = Files.createTempFile("athanor", ".png");
            try {
                ImageIO.write(Pixmap.read(file), "png", png.toFile());
                ImageFolder.decode(png, side, colour);
            } finally {
                Files.delete(png);
            }
        } catch (IOException e) {
            throw new DataProblem(
                    file, "cannot be read (" + e.getMessage() + ")", "check the file", e);
        }
    }

    /// Brightness as in ITU-R BT.601, which is how PNG and JPEG readers make grey of colour.
    private static byte[] grey(byte[] colour) {
        byte[] grey = new byte[colour.length / 3];
        for (int i = 0; i < grey.length; i++) {
            int red = colour[3 * i] & 0xff;
            int green = colour[3 * i + 1] & 0xff;
            int blue = colour[3 * i + 2] & 0xff;
            grey[i] = (byte) ((299 * red + 587 * green + 114 * blue + 500) / 1000);
        }
        return grey;
    }

    @Override
    public String name() {
        return "the images";
    }

    @Override
    public int size() {
        return images.size();
    }

    @Override
    public int label(int index) {
        return 0;
    }

    @Override
    public void read(int index, byte[] pixels) {
        byte[] image = images.get(index);
        System.arraycopy(image, 0, pixels, 0, image.length);
    }
}
