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
                            cifar(
                                    "cifar-10-binary",
                                    170_052_171,
                                    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
                            (split, folder, imageSize) -> Cifar.cifar10(split, folder)),
                    new DatasetDescription(
                            "cifar100",
                            "100 classes of things and beings; 50000 training and 10000 test images",
                            "https://www.cs.toronto.edu/~kriz/cifar.html",
                            COLOUR,
                            normalization(0.5071f, 0.4865f, 0.4409f, 0.2673f, 0.2564f, 0.2762f),
                            true,
                            true,
                            cifar(
                                    "cifar-100-binary",
                                    168_513_733,
                                    "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"),
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
                                    "9912422 440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                                    "28881 3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                                    "1648877 8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                                    "4542 f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
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
                                    "26421880 3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                                    "29515 a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                                    "4422102 346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                                    "5148 67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
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

    private static List<RemoteFile> cifar(String archive, long size, String sha256) {
        URI address = URI.create("https://www.cs.toronto.edu/~kriz/" + archive + ".tar.gz");
        return List.of(new RemoteFile(address, size, sha256, ""));
    }

    /// `sums`: of each file its size and its SHA-256.
    private static List<RemoteFile> idx(String address, String subfolder, String... sums) {
        List<String> names =
                List.of(
                        "train-images-idx3-ubyte.gz",
                        "train-labels-idx1-ubyte.gz",
                        "t10k-images-idx3-ubyte.gz",
                        "t10k-labels-idx1-ubyte.gz");
        List<RemoteFile> files = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            String[] sum = sums[i].split(" ");
            URI file = URI.create(address + names.get(i));
            files.add(new RemoteFile(file, Long.parseLong(sum[0]), sum[1], subfolder));
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
