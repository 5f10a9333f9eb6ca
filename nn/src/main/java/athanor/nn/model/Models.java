package athanor.nn.model;

import athanor.engine.Shape;
import athanor.nn.Module;
import athanor.nn.onnx.OnnxModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/// The networks that can be asked for by name.
public final class Models {
    /// One of them: what it is in a line, the smallest image it takes, and whether its stem can be
    /// chosen.
    public record Entry(
            String name, String description, int smallestImage, boolean hasStem, Maker maker) {}

    /// Makes a network for images of `imageSize` x `imageSize` pixels.
    @FunctionalInterface
    public interface Maker {
        Module make(int classes, int channels, int imageSize, Optional<Stem> stem);
    }

    private static final List<Entry> ALL = new ArrayList<>();

    static {
        for (int depth : new int[] {18, 34, 50, 101, 152}) {
            String blocks = depth < 50 ? "basic" : "bottleneck";
            ALL.add(
                    new Entry(
                            "resnet" + depth,
                            "residual network of " + depth + " layers, " + blocks + " blocks",
                            1,
                            true,
                            (classes, channels, side, stem) -> {
                                Stem fitting = side == 32 ? Stem.CIFAR : Stem.IMAGENET;
                                Stem chosen = stem.orElse(fitting);
                                return ResNet.ofImageNet(depth, chosen, channels, classes);
                            }));
        }
        for (int depth : new int[] {8, 20, 32, 44, 56, 110}) {
            ALL.add(
                    new Entry(
                            "resnet" + depth,
                            "He's residual network of " + depth + " layers for 32x32 images",
                            1,
                            true,
                            (classes, channels, _, stem) -> {
                                Stem chosen = stem.orElse(Stem.CIFAR);
                                return ResNet.ofCifar(depth, chosen, channels, classes);
                            }));
        }
        ALL.add(
                new Entry(
                        "resnet9",
                        "small and fast residual network for 32x32 images (DAWNBench)",
                        8,
                        false,
                        (classes, channels, _, _) -> new ResNet9(channels, classes)));
        ALL.add(
                new Entry(
                        "airbench",
                        "whitening layer and six convolutions: 94 % on CIFAR-10 with the least work",
                        32,
                        false,
                        (classes, channels, _, _) -> new Airbench(channels, classes)));
        ALL.add(
                new Entry(
                        "alexnet",
                        "five convolutions and three linear layers, for 224x224 images",
                        63,
                        false,
                        (classes, channels, _, _) -> new AlexNet(channels, classes)));
        ALL.add(
                new Entry(
                        "simple-alexnet",
                        "two convolutions and three linear layers after AlexNet, for 224x224 images",
                        31,
                        false,
                        (classes, channels, side, _) -> AlexNet.simple(channels, side, classes)));
        ALL.add(
                new Entry(
                        "cnn",
                        "two convolutions and two linear layers, for 28x28 digits",
                        10,
                        false,
                        (classes, channels, side, _) -> SmallCnn.of(channels, side, classes)));
    }

    private Models() {}

    public static List<Entry> all() {
        return List.copyOf(ALL);
    }

    /// Whether a name is that of a model file, which [#create] reads.
    public static boolean isFile(String name) {
        return name.toLowerCase(Locale.ROOT).endsWith(".onnx");
    }

    /// The name, or that of the file without its folders and ending.
    public static String plainName(String name) {
        return isFile(name)
                ? String.valueOf(Path.of(name).getFileName()).replaceFirst("\\.[^.]*$", "")
                : name;
    }

    /// A network for images `[imageSize, imageSize, channels]`, or that of an ONNX file, which must
    /// be for such images. Without a stem, resnet18 to
    /// resnet152 take [Stem#CIFAR] for images of 32x32 and [Stem#IMAGENET] for others.
    public static Module create(
            String name, int classes, int channels, int imageSize, Optional<Stem> stem) {
        if (isFile(name)) {
            OnnxModel model = OnnxModel.read(Path.of(name));
            model.requireFit(Shape.of(imageSize, imageSize, channels), classes);
            return model;
        }
        Entry entry =
                ALL.stream()
                        .filter(known -> known.name().equals(name.toLowerCase(Locale.ROOT)))
                        .findFirst()
                        .orElseThrow(() -> unknown(name));
        if (classes < 1 || channels < 1) {
            throw new IllegalArgumentException(
                    name
                            + ": "
                            + classes
                            + " classes and "
                            + channels
                            + " channels; at least 1 of each is needed");
        }
        if (imageSize < entry.smallestImage()) {
            throw new IllegalArgumentException(
                    "%1$s: images of %2$dx%2$d are too small; it takes %3$dx%3$d and more"
                            .formatted(name, imageSize, entry.smallestImage()));
        }
        if (stem.isPresent() && !entry.hasStem()) {
            throw new IllegalArgumentException(
                    name + " has no choice of stem; resnet18 to 152 and resnet8 to 110 have");
        }
        return entry.maker().make(classes, channels, imageSize, stem);
    }

    private static IllegalArgumentException unknown(String name) {
        String nearest =
                ALL.stream()
                        .map(Entry::name)
                        .sorted(Comparator.comparingInt(known -> distance(known, name)))
                        .limit(3)
                        .collect(Collectors.joining(", "));
        return new IllegalArgumentException(
                "unknown model '" + name + "'; the nearest are " + nearest);
    }

    /// The fewest letters to insert, delete or replace to come from a to b. Levenshtein 1966.
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}
