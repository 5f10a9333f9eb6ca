package athanor.train.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/// CIFAR-10 and CIFAR-100 (Krizhevsky 2009) in their binary form: records of one label byte
/// (CIFAR-100: two, coarse and fine) and 3 x 1024 bytes, a plane each of red, green and blue. The
/// files are kept as they are; [#read] interleaves the planes.
public final class Cifar implements Dataset {
    private static final int PLANE = 32 * 32;
    private static final ImageShape SHAPE = new ImageShape(32, 32, 3);

    /// Where a set keeps what. The last label byte of a record is the class.
    private record Layout(
            String name,
            String folder,
            String archive,
            List<String> training,
            List<String> test,
            int labelBytes,
            List<String> classNames) {
        int recordBytes() {
            return labelBytes + 3 * PLANE;
        }

        List<String> files(Split split) {
            return split == Split.TRAIN ? training : test;
        }
    }

    private static final Layout CIFAR10 =
            new Layout(
                    "cifar10",
                    "cifar-10-batches-bin",
                    "cifar-10-binary.tar.gz",
                    IntStream.rangeClosed(1, 5).mapToObj(i -> "data_batch_" + i + ".bin").toList(),
                    List.of("test_batch.bin"),
                    1,
                    List.of(
                            "airplane automobile bird cat deer dog frog horse ship truck"
                                    .split(" ")));

    private static final Layout CIFAR100 =
            new Layout(
                    "cifar100",
                    "cifar-100-binary",
                    "cifar-100-binary.tar.gz",
                    List.of("train.bin"),
                    List.of("test.bin"),
                    2,
                    namesOfCifar100());

    private final Layout layout;
    private final List<byte[]> files;
    private final int[] starts;

    private Cifar(Layout layout, List<byte[]> files) {
        this.layout = layout;
        this.files = files;
        starts = new int[files.size() + 1];
        for (int i = 0; i < files.size(); i++) {
            starts[i + 1] = starts[i] + files.get(i).length / layout.recordBytes();
        }
    }

    /// Opens CIFAR-10 from its files in the folder or its subfolder cifar-10-batches-bin, or from
    /// its archive.
    public static Cifar cifar10(Split split, Path folder) {
        return open(CIFAR10, split, folder);
    }

    /// Opens CIFAR-100 (fine labels) from its files in the folder or its subfolder
    /// cifar-100-binary, or from its archive.
    public static Cifar cifar100(Split split, Path folder) {
        return open(CIFAR100, split, folder);
    }

    private static Cifar open(Layout layout, Split split, Path path) {
        DataFolder folder = new DataFolder(layout.name, path);
        List<String> names = layout.files(split);
        List<String> places = List.of("", layout.folder);
        Path archive = path.resolve(layout.archive);
        var holder = folder.folderOf(places, names);
        if (holder.isPresent()) {
            return fromFiles(layout, names, holder.get(), folder);
        }
        if (Files.isRegularFile(archive)) {
            return fromArchive(layout, names, archive, folder);
        }
        throw folder.missing(names.getFirst() + " (nor " + layout.archive + ")", places);
    }

    private static Cifar fromFiles(
            Layout layout, List<String> names, Path holder, DataFolder folder) {
        List<byte[]> files = new ArrayList<>();
        for (String name : names) {
            Path file = holder.resolve(name);
            if (!Files.isRegularFile(file)) {
                throw folder.problem(file, "missing, though files beside it are there");
            }
            try {
                if (Files.size(file) > DataFolder.MOST_BYTES) {
                    throw folder.problem(
                            file, "has %,d bytes, more than any".formatted(Files.size(file)));
                }
                files.add(checked(layout, Files.readAllBytes(file), file.toString(), folder));
            } catch (IOException e) {
                throw folder.problem(file, "cannot be read", e);
            }
        }
        return new Cifar(layout, files);
    }

    private static Cifar fromArchive(
            Layout layout, List<String> names, Path archive, DataFolder folder) {
        byte[][] files = new byte[names.size()][];
        int found = 0;
        try (var tar =
                new TarArchiveInputStream(
                        DataFolder.bounded(
                                new GZIPInputStream(Files.newInputStream(archive), 1 << 16)))) {
            TarArchiveEntry entry = tar.getNextEntry();
            while (entry != null && found < files.length) {
                String name = entry.getName();
                int place = names.indexOf(name.substring(name.lastIndexOf('/') + 1));
                if (place >= 0 && files[place] == null) {
                    files[place] =
                            checked(layout, tar.readAllBytes(), archive + "!" + name, folder);
                    found++;
                }
                entry = tar.getNextEntry();
            }
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            // commons-compress answers some broken headers with unchecked exceptions.
            throw folder.problem(
                    archive, "the archive is damaged or cut short and should be deleted", e);
        }
        if (found < files.length) {
            throw folder.problem(
                    archive, "holds " + found + " of the " + files.length + " files " + names);
        }
        return new Cifar(layout, List.of(files));
    }

    private static byte[] checked(Layout layout, byte[] content, String file, DataFolder folder) {
        int recordBytes = layout.recordBytes();
        if (content.length == 0 || content.length % recordBytes != 0) {
            throw folder.problem(
                    file,
                    "cut short: its %d bytes are not a multiple of %d, the size of one record"
                            .formatted(content.length, recordBytes));
        }
        for (int i = 0; i < content.length / recordBytes; i++) {
            int label = content[i * recordBytes + layout.labelBytes - 1] & 0xff;
            if (label >= layout.classNames.size()) {
                throw folder.label(file, i, label, layout.classNames.size());
            }
        }
        return content;
    }

    @Override
    public String name() {
        return layout.name;
    }

    @Override
    public int size() {
        return starts[files.size()];
    }

    @Override
    public List<String> classNames() {
        return layout.classNames;
    }

    @Override
    public ImageShape shape() {
        return SHAPE;
    }

    @Override
    public int label(int index) {
        int file = fileOf(index);
        return files.get(file)[
                        (index - starts[file]) * layout.recordBytes() + layout.labelBytes - 1]
                & 0xff;
    }

    @Override
    public void read(int index, byte[] pixels) {
        int file = fileOf(index);
        byte[] planes = files.get(file);
        int red = (index - starts[file]) * layout.recordBytes() + layout.labelBytes;
        for (int i = 0; i < PLANE; i++) {
            pixels[3 * i] = planes[red + i];
            pixels[3 * i + 1] = planes[red + PLANE + i];
            pixels[3 * i + 2] = planes[red + 2 * PLANE + i];
        }
    }

    private int fileOf(int index) {
        int file = 0;
        while (index >= starts[file + 1]) {
            file++;
        }
        return file;
    }

    private static List<String> namesOfCifar100() {
        try (var names = Cifar.class.getResourceAsStream("cifar100-classes.txt")) {
            if (names == null) {
                throw new IllegalStateException(
                        "cifar100-classes.txt is not in the jar; build it again");
            }
            return new String(names.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
