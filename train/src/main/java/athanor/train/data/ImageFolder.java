package athanor.train.data;

import athanor.kernels.random.PhiloxKey;
import java.awt.Rectangle;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/// A folder with train/CLASS/*.jpg and val/CLASS/*.jpg (.jpeg, .png). Classes and files are sorted
/// by name. An image is decoded when it is read: its middle square, resized to the wanted side. One
/// that cannot be read is remembered, and the next of its class that can be is read in its place.
public final class ImageFolder implements Dataset {
    static final String NAME = "imagefolder";

    /// Beyond this an image is taken for a trap.
    private static final long MOST_PIXELS = 100_000_000;

    private record Sample(Path file, int label) {}

    private final List<String> classNames;
    private final List<Sample> samples;
    private final ImageShape shape;
    private final Map<Path, String> problems = new ConcurrentSkipListMap<>();

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
    public List<String> problems() {
        return List.copyOf(problems.values());
    }

    @Override
    public void read(int index, byte[] pixels) {
        readable(index, file -> decode(file, shape.height(), pixels));
    }

    /// The same of a random part of the image, as [Augmentation.RandomResizedCrop] chooses it.
    void readPart(int index, byte[] pixels, PhiloxKey key) {
        readable(
                index,
                file ->
                        decode(
                                file,
                                (height, width) -> Box.draw(height, width, 0.08, 1, 0.75, key),
                                shape.height(),
                                true,
                                pixels));
    }

    private void readable(int index, Consumer<Path> reader) {
        Sample wanted = samples.get(index);
        for (int i = 0; i < samples.size(); i++) {
            Sample sample = samples.get((index + i) % samples.size());
            if (sample.label == wanted.label && !problems.containsKey(sample.file)) {
                try {
                    reader.accept(sample.file);
                    return;
                } catch (DataProblem e) {
                    problems.put(sample.file, e.getMessage());
                }
            }
        }
        throw new DataProblem(
                problems.getOrDefault(wanted.file, wanted.file.toString()),
                "and there is no other image of its class that can be read",
                "replace them");
    }

    /// Reads an image file as a square RGB image: the middle square, resized to `side`. (Resizing
    /// the shorter side and cutting then gives the same up to rounding, but could need any amount
    /// of memory for a long strip.)
    public static void decode(Path file, int side, byte[] pixels) {
        decode(file, ImageFolder::middle, side, false, pixels);
    }

    /// Chooses a part of an image.
    @FunctionalInterface
    private interface Part {
        Box of(int height, int width);
    }

    private static Box middle(int height, int width) {
        int shorter = Math.min(height, width);
        return new Box((height - shorter) / 2, (width - shorter) / 2, shorter, shorter);
    }

    /// A part that is much larger than its square may be read coarsely: every second pixel, every
    /// third, but at least two for each that is wanted.
    private static void decode(Path file, Part part, int side, boolean coarsely, byte[] pixels) {
        try (ImageInputStream in = ImageIO.createImageInputStream(file.toFile())) {
            Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
            if (!readers.hasNext()) {
                throw new DataProblem(
                        file, "not an image that can be read", "replace or remove it");
            }
            ImageReader reader = readers.next();
            try {
                reader.setInput(in, true, true);
                int width = reader.getWidth(0);
                int height = reader.getHeight(0);
                if ((long) width * height > MOST_PIXELS) {
                    throw new DataProblem(
                            file,
                            "an image of %,d x %,d pixels; up to %,d in all are read"
                                    .formatted(width, height, MOST_PIXELS),
                            "replace or remove it");
                }
                Box box = part.of(height, width);
                int step = coarsely ? Math.min(box.height(), box.width()) / (2 * side) : 1;
                BufferedImage image = read(reader, box, Math.max(1, step));
                ImageShape found = new ImageShape(image.getHeight(), image.getWidth(), 3);
                new Bilinear(found, side, side).apply(rgb(image), pixels);
            } finally {
                reader.dispose();
            }
        } catch (IOException | RuntimeException e) {
            if (e instanceof DataProblem problem) {
                throw problem;
            }
            // ImageIO's decoders throw unchecked exceptions too on broken files.
            throw new DataProblem(
                    file,
                    "not an image that can be read (" + e.getMessage() + ")",
                    "replace or remove it",
                    e);
        }
    }

    private static BufferedImage read(ImageReader reader, Box box, int step) throws IOException {
        ImageReadParam parameters = reader.getDefaultReadParam();
        parameters.setSourceRegion(new Rectangle(box.left(), box.top(), box.width(), box.height()));
        parameters.setSourceSubsampling(step, step, 0, 0);
        return reader.read(0, parameters);
    }

    private static byte[] rgb(BufferedImage image) {
        int width = image.getWidth();
        byte[] pixels = new byte[image.getHeight() * width * 3];
        if (image.getType() == BufferedImage.TYPE_3BYTE_BGR) {
            image.getRaster().getDataElements(0, 0, width, image.getHeight(), pixels);
            return pixels;
        }
        int[] row = new int[width];
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
