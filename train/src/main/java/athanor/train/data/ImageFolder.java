package athanor.train.data;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/// A folder with train/CLASS/*.jpg and val/CLASS/*.jpg (.jpeg, .png). Classes and files are sorted
/// by name. An image is decoded when it is read: its middle square, resized to the wanted side.
public final class ImageFolder implements Dataset {
    static final String NAME = "imagefolder";

    private record Sample(Path file, int label) {}

    private final List<String> classNames;
    private final List<Sample> samples;
    private final ImageShape shape;

    private ImageFolder(List<String> classNames, List<Sample> samples, int side) {
        this.classNames = classNames;
        this.samples = samples;
        shape = new ImageShape(side, side, 3);
    }

    /// Lists the files; `side` is the height and width of the images that [#read] gives.
    public static ImageFolder open(Split split, Path path, int side) {
        DataFolder root = new DataFolder(NAME, path);
        Path train = path.resolve("train");
        Path folder = split == Split.TRAIN ? train : path.resolve("val");
        if (!Files.isDirectory(folder)) {
            throw root.problem(folder, "no such folder");
        }
        // The training folder fixes the numbers of the classes for both splits.
        Path numbering = Files.isDirectory(train) ? train : folder;
        List<String> classNames = names(numbering, true);
        if (classNames.isEmpty()) {
            throw root.problem(numbering, "has no class folders");
        }
        List<Sample> samples = new ArrayList<>();
        for (String className : names(folder, true)) {
            int label = classNames.indexOf(className);
            Path classFolder = folder.resolve(className);
            if (label < 0) {
                throw new DataProblem(
                        classFolder,
                        "a class that " + train + " lacks",
                        "add it there or remove it here");
            }
            int before = samples.size();
            for (String file : names(classFolder, false)) {
                samples.add(new Sample(classFolder.resolve(file), label));
            }
            if (samples.size() == before) {
                throw new DataProblem(
                        classFolder,
                        "an empty class, no .jpg, .jpeg or .png in it",
                        "add images or remove the folder");
            }
        }
        if (samples.isEmpty()) {
            throw root.problem(folder, "has no class folders");
        }
        return new ImageFolder(classNames, samples, side);
    }

    private static List<String> names(Path folder, boolean folders) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(entry -> folders ? isClass(entry) : isImage(entry))
                    .map(entry -> entry.getFileName().toString())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new DataProblem(folder, "cannot be listed (" + e + ")", "make it readable", e);
        }
    }

    private static boolean isClass(Path entry) {
        return Files.isDirectory(entry) && !entry.getFileName().toString().startsWith(".");
    }

    private static boolean isImage(Path entry) {
        String name = entry.getFileName().toString().toLowerCase(Locale.ROOT);
        return !name.startsWith(".")
                && (name.endsWith(".jpg") || name.endsWith(".jpeg") || name.endsWith(".png"));
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public int size() {
        return samples.size();
    }

    @Override
    public List<String> classNames() {
        return classNames;
    }

    @Override
    public ImageShape shape() {
        return shape;
    }

    @Override
    public int label(int index) {
        return samples.get(index).label;
    }

    @Override
    public void read(int index, byte[] pixels) {
        decode(samples.get(index).file, shape.height(), pixels);
    }

    /// Reads an image file as a square RGB image: the middle square, resized to `side`. (Resizing
    /// the shorter side and cutting then gives the same up to rounding, but could need any amount
    /// of memory for a long strip.)
    public static void decode(Path file, int side, byte[] pixels) {
        BufferedImage image = open(file);
        int shorter = Math.min(image.getHeight(), image.getWidth());
        BufferedImage square =
                image.getSubimage(
                        (image.getWidth() - shorter) / 2,
                        (image.getHeight() - shorter) / 2,
                        shorter,
                        shorter);
        new Bilinear(new ImageShape(shorter, shorter, 3), side, side).apply(rgb(square), pixels);
    }

    private static BufferedImage open(Path file) {
        try {
            BufferedImage image = ImageIO.read(file.toFile());
            if (image != null) {
                return image;
            }
            throw new DataProblem(file, "not an image that can be read", "replace or remove it");
        } catch (IOException | IllegalArgumentException | IndexOutOfBoundsException e) {
            // ImageIO's decoders throw unchecked exceptions too on broken files.
            throw new DataProblem(
                    file,
                    "not an image that can be read (" + e.getMessage() + ")",
                    "replace or remove it",
                    e);
        }
    }

    private static byte[] rgb(BufferedImage image) {
        int width = image.getWidth();
        int[] row = new int[width];
        byte[] pixels = new byte[image.getHeight() * width * 3];
        // getRGB would apply a gamma curve to grey images; their samples are what is meant.
        boolean grey =
                image.getColorModel().getColorSpace().getType() == ColorSpace.TYPE_GRAY
                        && !(image.getColorModel() instanceof IndexColorModel);
        int shift = grey ? image.getSampleModel().getSampleSize(0) - 8 : 0;
        for (int y = 0; y < image.getHeight(); y++) {
            if (grey) {
                image.getRaster().getSamples(0, y, width, 1, 0, row);
            } else {
                image.getRGB(0, y, width, 1, row, 0, width);
            }
            for (int x = 0; x < width; x++) {
                int rgb = grey ? (row[x] >> shift) * 0x010101 : row[x];
                int at = (y * width + x) * 3;
                pixels[at] = (byte) (rgb >> 16);
                pixels[at + 1] = (byte) (rgb >> 8);
                pixels[at + 2] = (byte) rgb;
            }
        }
        return pixels;
    }
}
