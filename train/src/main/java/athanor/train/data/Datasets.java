package athanor.train.data;

import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The data sets there are, by name.
public final class Datasets {
    private static final ImageShape COLOUR = new ImageShape(32, 32, 3);
    private static final ImageShape GREY = new ImageShape(28, 28, 1);

    private static final List<DatasetDescription> ALL =
            List.of(
                    new DatasetDescription(
                            "shapes10",
                            "10 classes of figures that the program draws itself; 8000 training and 2000 test images",
                            "drawn when opened, no download",
                            COLOUR,
                            normalization(0.5f, 0.5f, 0.5f, 0.25f, 0.25f, 0.25f),
                            true,
                            false,
                            List.of(),
                            (split, folder, imageSize) -> Shapes10.draw(split)),
                    new DatasetDescription(
                            "cifar10",
                            "10 classes of animals and vehicles; 50000 training and 10000 test images",
                            "https://www.cs.toronto.edu/~kriz/cifar.html",
                            COLOUR,
                            normalization(0.4914f, 0.4822f, 0.4465f, 0.2023f, 0.1994f, 0.2010f),
                            true,
                            true,
                            cifar("cifar-10-binary", "c32a1d4ab5d03f1284b67883e8d87530"),
                            (split, folder, imageSize) -> Cifar.cifar10(split, folder)),
                    new DatasetDescription(
                            "cifar100",
                            "100 classes of things and beings; 50000 training and 10000 test images",
                            "https://www.cs.toronto.edu/~kriz/cifar.html",
                            COLOUR,
                            normalization(0.5071f, 0.4865f, 0.4409f, 0.2673f, 0.2564f, 0.2762f),
                            true,
                            true,
                            cifar("cifar-100-binary", "03b5dce01913d631647c71ecec9e9cb8"),
                            (split, folder, imageSize) -> Cifar.cifar100(split, folder)),
                    new DatasetDescription(
                            "mnist",
                            "handwritten digits; 60000 training and 10000 test images",
                            "http://yann.lecun.com/exdb/mnist",
                            GREY,
                            normalization(0.1307f, 0.3081f),
                            false,
                            true,
                            idx(
                                    "https://ossci-datasets.s3.amazonaws.com/mnist/",
                                    "mnist",
                                    "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                                    "d53e105ee54ea40749a09fcbcd1e9432",
                                    "9fb629c4189551a2d022fa330f9573f3",
                                    "ec29112dd5afa0611ce80d1b7f02629c"),
                            (split, folder, imageSize) -> Mnist.mnist(split, folder)),
                    new DatasetDescription(
                            "fashion-mnist",
                            "10 classes of clothes and shoes; 60000 training and 10000 test images",
                            "https://github.com/zalandoresearch/fashion-mnist",
                            GREY,
                            normalization(0.2860f, 0.3530f),
                            true,
                            true,
                            idx(
                                    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                                    "fashion-mnist",
                                    "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                                    "25c81989df183df01b3e8a0aad5dffbe",
                                    "bef4ecab320f06d8554ea6380940ec79",
                                    "bb300cfdad3c16e7a12a480ee83cd310"),
                            (split, folder, imageSize) -> Mnist.fashionMnist(split, folder)),
                    new DatasetDescription(
                            ImageFolder.NAME,
                            "images of your own: a folder with train/CLASS/*.jpg and val/CLASS/*.jpg (or .jpeg, .png)",
                            "any",
                            new ImageShape(224, 224, 3),
                            normalization(0.485f, 0.456f, 0.406f, 0.229f, 0.224f, 0.225f),
                            true,
                            true,
                            List.of(),
                            ImageFolder::open));

    private Datasets() {}

    /// The means of all channels, then their deviations.
    private static Normalization normalization(float... values) {
        int channels = values.length / 2;
        return new Normalization(
                Arrays.copyOf(values, channels),
                Arrays.copyOfRange(values, channels, values.length));
    }

    private static List<RemoteFile> cifar(String archive, String md5) {
        URI address = URI.create("https://www.cs.toronto.edu/~kriz/" + archive + ".tar.gz");
        return List.of(new RemoteFile(address, md5, ""));
    }

    private static List<RemoteFile> idx(String address, String subfolder, String... md5s) {
        List<String> names =
                List.of(
                        "train-images-idx3-ubyte.gz",
                        "train-labels-idx1-ubyte.gz",
                        "t10k-images-idx3-ubyte.gz",
                        "t10k-labels-idx1-ubyte.gz");
        List<RemoteFile> files = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            files.add(new RemoteFile(URI.create(address + names.get(i)), md5s[i], subfolder));
        }
        return List.copyOf(files);
    }

    /// All of them, the one that needs no download first.
    public static List<DatasetDescription> all() {
        return ALL;
    }

    /// The data set of that name.
    public static DatasetDescription named(String name) {
        for (DatasetDescription description : ALL) {
            if (description.name().equals(name)) {
                return description;
            }
        }
        List<String> names = ALL.stream().map(DatasetDescription::name).toList();
        String wanted = name.toLowerCase(Locale.ROOT);
        String nearest =
                names.stream()
                        .min(Comparator.comparingInt(known -> edits(wanted, known)))
                        .orElseThrow();
        throw new DataProblem(
                "data set '" + name + "'",
                "there is none of that name; accepted are " + String.join(", ", names),
                "did you mean " + nearest + "?");
    }

    /// Opens a split. `imageSize` is the side that an image folder's images are brought to; the
    /// other sets keep the side they have ([Augmentation.Resize] changes it).
    public static Dataset open(String name, Split split, Optional<Path> dataDir, int imageSize) {
        DatasetDescription description = named(name);
        if (description.needsFolder() && dataDir.isEmpty()) {
            throw new DataProblem(
                    name,
                    "no folder to read from is given",
                    DataFolder.wayOut(name, Path.of("DIR")));
        }
        return description.opener().open(split, dataDir.orElse(Path.of("")), imageSize);
    }

    /// Downloads the files of a data set into a folder, where [#open] finds them. Files that are
    /// there are left alone.
    public static List<Path> fetch(String name, Path dataDir, Download.Progress progress) {
        DatasetDescription description = named(name);
        if (description.files().isEmpty()) {
            throw new DataProblem(
                    name, "there is nothing to fetch", "it is " + description.summary());
        }
        List<Path> fetched = new ArrayList<>();
        for (RemoteFile file : description.files()) {
            fetched.add(Download.fetch(file, dataDir, progress));
        }
        return fetched;
    }

    /// The fewest letters to insert, delete or replace to turn one word into the other (Levenshtein
    /// 1965).
    private static int edits(String from, String to) {
        int[] previous = new int[to.length() + 1];
        for (int j = 0; j <= to.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            int[] current = new int[to.length() + 1];
            current[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int replaced = previous[j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(replaced, 1 + Math.min(previous[j], current[j - 1]));
            }
            previous = current;
        }
        return previous[to.length()];
    }
}
