package athanor.train.data;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;

/// MNIST (LeCun, Cortes, Burges 1998) and Fashion-MNIST (Xiao, Rasul, Vollgraf 2017) in IDX files,
/// packed or not: a magic number (00 00 08 for bytes, then the number of axes), the length of each
/// axis as a big-endian int, the bytes.
public final class Mnist {
    private static final List<String> DIGITS = List.of("0 1 2 3 4 5 6 7 8 9".split(" "));
    private static final List<String> CLOTHES =
            List.of(
                    "t-shirt/top trouser pullover dress coat sandal shirt sneaker bag ankle-boot"
                            .split(" "));

    private Mnist() {}

    /// Opens MNIST from the folder or one of its subfolders mnist and MNIST/raw.
    public static Dataset mnist(Split split, Path folder) {
        return open("mnist", DIGITS, split, folder, List.of("", "mnist", "MNIST/raw"));
    }

    /// Opens Fashion-MNIST from the subfolders fashion-mnist and FashionMNIST/raw, or the folder
    /// itself.
    public static Dataset fashionMnist(Split split, Path folder) {
        return open(
                "fashion-mnist",
                CLOTHES,
                split,
                folder,
                List.of("fashion-mnist", "FashionMNIST/raw", ""));
    }

    private static Dataset open(
            String name, List<String> classNames, Split split, Path path, List<String> subfolders) {
        DataFolder folder = new DataFolder(name, path);
        String prefix = split == Split.TRAIN ? "train" : "t10k";
        Path imageFile = find(folder, subfolders, prefix + "-images-idx3-ubyte");
        Path labelFile = find(folder, subfolders, prefix + "-labels-idx1-ubyte");
        Idx images = read(imageFile, 3, folder);
        Idx labels = read(labelFile, 1, folder);
        int count = images.lengths[0];
        if (count != labels.lengths[0]) {
            throw folder.problem(
                    imageFile,
                    count + " images, but " + labels.lengths[0] + " labels in " + labelFile);
        }
        for (int i = 0; i < count; i++) {
            int label = labels.content[i] & 0xff;
            if (label >= classNames.size()) {
                throw folder.label(labelFile, i, label, classNames.size());
            }
        }
        ImageShape shape = new ImageShape(images.lengths[1], images.lengths[2], 1);
        return new StoredImages(name, classNames, shape, images.content, labels.content);
    }

    private static Path find(DataFolder folder, List<String> subfolders, String name) {
        List<String> names = List.of(name, name + ".gz");
        Path holder =
                folder.folderOf(subfolders, names)
                        .orElseThrow(
                                () -> folder.missing(name + " (nor " + name + ".gz)", subfolders));
        Path plain = holder.resolve(name);
        return Files.isRegularFile(plain) ? plain : holder.resolve(name + ".gz");
    }

    private record Idx(int[] lengths, byte[] content) {}

    private static Idx read(Path file, int axes, DataFolder folder) {
        try (InputStream raw = Files.newInputStream(file);
                DataInputStream in =
                        new DataInputStream(
                                file.toString().endsWith(".gz")
                                        ? new GZIPInputStream(raw, 1 << 16)
                                        : new BufferedInputStream(raw, 1 << 16))) {
            int magic = in.readInt();
            if (magic != 0x800 + axes) {
                throw folder.problem(
                        file,
                        "not the IDX file it should be: it starts with 0x%08x, not with 0x%08x"
                                .formatted(magic, 0x800 + axes));
            }
            int[] lengths = new int[axes];
            double expected = 1;
            for (int i = 0; i < axes; i++) {
                lengths[i] = in.readInt();
                expected *= lengths[i];
                if (lengths[i] < 1 || expected > DataFolder.MOST_BYTES) {
                    throw folder.problem(
                            file,
                            "its header gives axis "
                                    + i
                                    + " an impossible length of "
                                    + lengths[i]);
                }
            }
            byte[] content = in.readNBytes((int) expected);
            if (content.length < (int) expected) {
                throw folder.problem(
                        file,
                        "cut short: %d bytes follow the header and %d should"
                                .formatted(content.length, (int) expected));
            }
            if (in.read() >= 0) {
                throw folder.problem(
                        file, "goes on after the " + content.length + " bytes its header tells of");
            }
            return new Idx(lengths, content);
        } catch (EOFException e) {
            throw folder.problem(file, "cut short", e);
        } catch (IOException e) {
            throw folder.problem(file, "cannot be read", e);
        }
    }
}
