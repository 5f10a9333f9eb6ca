package athanor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import athanor.nn.io.ModelFileProblem;
import athanor.nn.io.Safetensors;
import athanor.train.Checkpoint;
import athanor.train.InvalidSetting;
import athanor.train.data.DataProblem;
import athanor.train.data.Dataset;
import athanor.train.data.Datasets;
import athanor.train.data.ImageFolder;
import athanor.train.data.Split;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Damaged and hostile files: every reader gives either an answer or one line that names the file,
/// within bounds of processor time and memory, and writes nothing. The changes are random but
/// seeded: `-Dathanor.fuzz=N` tries N of each kind instead of 150.
class HostileFilesTest {
    private static final int TRIES = Integer.getInteger("athanor.fuzz", 150);
    private static final double MOST_SECONDS = 10;
    private static final long MOST_BYTES = 700_000_000;
    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    @TempDir Path folder = Path.of("");
    private Path place = Path.of("");

    @BeforeEach
    void separate() throws IOException {
        place = Files.createDirectories(folder.resolve("a/b/c"));
    }

    @FunctionalInterface
    private interface Reader {
        void read(Path file) throws IOException;
    }

    // ---- the bounds ----

    private static void guarded(
            String what, Reader reader, Path file, Map<String, Integer> answers) {
        long cpu = THREADS.getCurrentThreadCpuTime();
        long bytes = THREADS.getCurrentThreadAllocatedBytes();
        try {
            reader.read(file);
            answers.merge("read", 1, Integer::sum);
        } catch (ModelFileProblem | DataProblem | InvalidSetting e) {
            assertThat(e.getMessage()).as(what).doesNotContain("\n").hasSizeLessThan(2000);
            answers.merge("refused", 1, Integer::sum);
        } catch (Throwable e) {
            fail(what + ": " + e, e);
        }
        double seconds = (THREADS.getCurrentThreadCpuTime() - cpu) / 1e9;
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - bytes;
        assertThat(seconds).as(what + ": seconds").isLessThan(MOST_SECONDS);
        assertThat(allocated).as(what + ": bytes").isLessThan(MOST_BYTES);
    }

    /// Reads many damaged copies of a good file, and sees that no other file was touched.
    private void fuzz(String name, byte[] good, Reader reader) throws IOException {
        Path file = place.resolve(name);
        Files.write(file, good);
        TreeMap<String, Integer> answers = new TreeMap<>();
        guarded(name + " as it is", reader, file, answers);
        assertThat(answers).as(name).containsOnlyKeys("read");
        Set<Path> before = files();
        for (int i = 0; i < TRIES; i++) {
            Random random = new Random(31L * i + name.hashCode());
            Files.write(file, damaged(good, random));
            guarded(name + ", change " + i, reader, file, answers);
        }
        assertThat(files()).isEqualTo(before);
        System.out.printf("%s: %d changed files, %s%n", name, TRIES, answers);
        if (TRIES >= 100) {
            assertThat(answers).containsKey("refused");
        }
    }

    private Set<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return new HashSet<>(all.toList());
        }
    }

    // ---- the changes ----

    private static byte[] damaged(byte[] good, Random random) {
        byte[] bytes = good.clone();
        int changes = 1 + random.nextInt(4);
        for (int i = 0; i < changes && bytes.length > 0; i++) {
            // Half of them where the header is.
            int reach = random.nextBoolean() ? Math.min(bytes.length, 200) : bytes.length;
            int at = random.nextInt(reach);
            switch (random.nextInt(8)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt(256);
                case 2 -> bytes = Arrays.copyOf(bytes, at);
                case 3 -> bytes = Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(5000));
                case 4 -> number(bytes, at, random);
                case 5 -> digits(bytes, at, random);
                case 6 -> bytes = twice(bytes, at, random.nextInt(bytes.length - at) + 1);
                default -> {
                    int to = random.nextInt(bytes.length);
                    int length = Math.min(random.nextInt(64), bytes.length - Math.max(at, to));
                    System.arraycopy(bytes, at, bytes, to, length);
                }
            }
        }
        return bytes;
    }

    /// A number of 2, 4 or 8 bytes that is large, small or negative.
    private static void number(byte[] bytes, int at, Random random) {
        long[] values = {
            0,
            1,
            -1,
            0x7f,
            0xff,
            0xffff,
            0x7fff_ffff,
            0x8000_0000L,
            0xffff_ffffL,
            Long.MAX_VALUE,
            Long.MIN_VALUE,
            100_000_000,
            bytes.length,
            bytes.length - 8L,
            random.nextLong()
        };
        long value = values[random.nextInt(values.length)];
        ByteBuffer buffer =
                ByteBuffer.wrap(bytes)
                        .order(
                                random.nextBoolean()
                                        ? ByteOrder.LITTLE_ENDIAN
                                        : ByteOrder.BIG_ENDIAN);
        int length = 2 << random.nextInt(3);
        if (at + length <= bytes.length) {
            switch (length) {
                case 2 -> buffer.putShort(at, (short) value);
                case 4 -> buffer.putInt(at, (int) value);
                default -> buffer.putLong(at, value);
            }
        }
    }

    /// Other digits for the next ones in a text.
    private static void digits(byte[] bytes, int at, Random random) {
        int i = at;
        while (i < bytes.length && !Character.isDigit(bytes[i])) {
            i++;
        }
        boolean nines = random.nextBoolean();
        for (; i < bytes.length && Character.isDigit(bytes[i]); i++) {
            bytes[i] = (byte) (nines ? '9' : '0' + random.nextInt(10));
        }
    }

    private static byte[] twice(byte[] bytes, int at, int length) {
        byte[] longer = new byte[bytes.length + length];
        System.arraycopy(bytes, 0, longer, 0, at + length);
        System.arraycopy(bytes, at, longer, at + length, bytes.length - at);
        return longer;
    }

    // ---- good files ----

    private byte[] checkpoint() throws IOException {
        CommandLineTest.Result result =
                CommandLineTest.run(
                        ("train --model cnn --data shapes10 --max-steps 1 --batch-size 2 --eval-every 0 --no-progress --out "
                                        + folder.resolve("run"))
                                .split(" "));
        assertThat(result.code()).as(result.err()).isZero();
        return Files.readAllBytes(folder.resolve("run/checkpoints/last.safetensors"));
    }

    private static byte[] idx(int... lengths) {
        int size = Arrays.stream(lengths).reduce(1, (a, b) -> a * b);
        ByteBuffer buffer = ByteBuffer.allocate(4 + 4 * lengths.length + size);
        buffer.putInt(0x800 + lengths.length);
        Arrays.stream(lengths).forEach(buffer::putInt);
        return buffer.array();
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    private static byte[] tar(List<String> names, byte[] content) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
            for (String name : names) {
                TarArchiveEntry entry = new TarArchiveEntry(name, true);
                entry.setSize(content.length);
                tar.putArchiveEntry(entry);
                tar.write(content);
                tar.closeArchiveEntry();
            }
        }
        return out.toByteArray();
    }

    private static byte[] image(String format) throws IOException {
        BufferedImage image = new BufferedImage(40, 30, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 1200; i++) {
            image.setRGB(i % 40, i / 40, i * 7919);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertThat(ImageIO.write(image, format, out)).isTrue();
        return out.toByteArray();
    }

    private Dataset open(String name) {
        return Datasets.open(name, Split.TEST, Optional.of(place), 32);
    }

    private static void readAll(Dataset dataset) {
        byte[] pixels = new byte[dataset.shape().size()];
        for (int i = 0; i < Math.min(20, dataset.size()); i++) {
            dataset.read(i, pixels);
            assertThat(dataset.label(i)).isBetween(0, dataset.classes() - 1);
        }
    }

    // ---- the readers ----

    @Test
    void checkpointsAndModelFiles() throws IOException {
        byte[] good = checkpoint();
        fuzz(
                "checkpoint.safetensors",
                good,
                file -> {
                    Checkpoint.read(file);
                    // A checksum over all of it stands within: nothing else is read.
                    assertThat(file).hasBinaryContent(good);
                });
        // Of others' files there is no checksum, and whatever is well formed is read.
        Safetensors contents = Safetensors.read(folder.resolve("run/checkpoints/last.safetensors"));
        assertThat(contents.tensors()).isNotEmpty();
        byte[] plain =
                new String(good, StandardCharsets.ISO_8859_1)
                        .replace("athanor.", "another.")
                        .getBytes(StandardCharsets.ISO_8859_1);
        fuzz("model.safetensors", plain, file -> Safetensors.read(file));
    }

    @Test
    void idxFiles() throws IOException {
        Files.write(place.resolve("t10k-labels-idx1-ubyte"), idx(5));
        fuzz("t10k-images-idx3-ubyte", idx(5, 28, 28), _ -> readAll(open("mnist")));
        Files.write(place.resolve("t10k-images-idx3-ubyte"), idx(5, 28, 28));
        fuzz("t10k-labels-idx1-ubyte", idx(5), _ -> readAll(open("mnist")));
        Files.delete(place.resolve("t10k-images-idx3-ubyte"));
        Files.write(place.resolve("t10k-labels-idx1-ubyte"), idx(5));
        fuzz("t10k-images-idx3-ubyte.gz", gzip(idx(5, 28, 28)), _ -> readAll(open("mnist")));
    }

    @Test
    void cifarFilesAndArchives() throws IOException {
        fuzz("test_batch.bin", new byte[3 * 3073], _ -> readAll(open("cifar10")));
        Files.delete(place.resolve("test_batch.bin"));
        List<String> names =
                List.of("cifar-10-batches-bin/readme", "cifar-10-batches-bin/test_batch.bin");
        byte[] tar = tar(names, new byte[3073]);
        fuzz("cifar-10-binary.tar.gz", gzip(tar), _ -> readAll(open("cifar10")));
        // Damage below the compression, which a checksum would notice above it.
        fuzz(
                "below.tar",
                tar,
                file -> {
                    Files.write(
                            place.resolve("cifar-10-binary.tar.gz"),
                            gzip(Files.readAllBytes(file)));
                    readAll(open("cifar10"));
                });
    }

    @Test
    void images() throws IOException {
        byte[] pixels = new byte[32 * 32 * 3];
        for (String format : new String[] {"png", "jpg", "bmp", "gif"}) {
            fuzz("image." + format, image(format), file -> ImageFolder.decode(file, 32, pixels));
        }
        byte[] ppm = new byte[15 + 12];
        System.arraycopy("P6\n# x\n2 2\n255\n".getBytes(StandardCharsets.US_ASCII), 0, ppm, 0, 15);
        fuzz("image.ppm", ppm, file -> Pixmap.read(file));
    }

    @Test
    void recipes() throws IOException {
        byte[] text = Recipe.text("cifar10-94").getBytes(StandardCharsets.UTF_8);
        fuzz("my.recipe", text, file -> Recipe.of(file.toString()));
    }

    // ---- traps ----

    @Test
    void anArchiveWhoseNamesLeadElsewhereWritesNothing() throws IOException {
        List<String> names =
                List.of(
                        "../../escaped.bin",
                        "/tmp/athanor-escaped.bin",
                        "../../../x/test_batch.bin",
                        "cifar-10-batches-bin/../test_batch.bin");
        Files.write(place.resolve("cifar-10-binary.tar.gz"), gzip(tar(names, new byte[3073])));
        Set<Path> before = files();
        assertThat(open("cifar10").size()).isEqualTo(1);
        assertThat(files()).isEqualTo(before);
        assertThat(Path.of("/tmp/athanor-escaped.bin")).doesNotExist();
    }

    /// A gigabyte of zeros in a megabyte: as an image file, as an entry that is asked for, and as
    /// one that is not.
    @Test
    void whatUnpacksWithoutEndIsGivenUp() throws IOException {
        Files.write(place.resolve("t10k-labels-idx1-ubyte"), idx(5));
        byte[] header = Arrays.copyOf(idx(200_000, 28, 28), 16);
        bomb(place.resolve("t10k-images-idx3-ubyte.gz"), header, 1_000_000_000);
        TreeMap<String, Integer> answers = new TreeMap<>();
        guarded("IDX bomb", _ -> open("mnist"), place, answers);
        header = Arrays.copyOf(idx(2_000_000, 28, 28), 16);
        bomb(place.resolve("t10k-images-idx3-ubyte.gz"), header, 1_000_000_000);
        assertThatThrownBy(() -> open("mnist")).hasMessageContaining("impossible length");
        for (String name : new String[] {"test_batch.bin", "readme"}) {
            ByteArrayOutputStream tar = new ByteArrayOutputStream();
            TarArchiveEntry entry = new TarArchiveEntry(name);
            entry.setSize(1_000_000_000);
            byte[] block = new byte[512];
            entry.writeEntryHeader(block);
            tar.write(block);
            bomb(place.resolve("cifar-10-binary.tar.gz"), tar.toByteArray(), 1_000_000_000);
            guarded("tar bomb " + name, _ -> open("cifar10"), place, answers);
            assertThatThrownBy(() -> open("cifar10"))
                    .isInstanceOf(DataProblem.class)
                    .hasMessageContaining("unpacks to more than 256,000,000 bytes");
        }
        assertThat(answers).containsOnlyKeys("refused");
    }

    private static void bomb(Path file, byte[] header, long zeros) throws IOException {
        byte[] block = new byte[1 << 20];
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write(header);
            for (long done = 0; done < zeros; done += block.length) {
                out.write(block);
            }
        }
    }

    /// A PNG of 200 bytes that says it has 60,000 x 60,000 pixels, and one whose rows are there.
    @Test
    void imagesThatAreTooLargeAreRefusedBeforeTheyAreDecoded() throws IOException {
        byte[] png = image("png");
        ByteBuffer.wrap(png).putInt(16, 60_000).putInt(20, 60_000);
        java.util.zip.CRC32 crc = new java.util.zip.CRC32();
        crc.update(png, 12, 17);
        ByteBuffer.wrap(png).putInt(29, (int) crc.getValue());
        Path file = Files.write(place.resolve("huge.png"), png);
        TreeMap<String, Integer> answers = new TreeMap<>();
        guarded("huge.png", f -> ImageFolder.decode(f, 32, new byte[3072]), file, answers);
        assertThatThrownBy(() -> ImageFolder.decode(file, 32, new byte[3072]))
                .isInstanceOf(DataProblem.class)
                .hasMessageContaining("an image of 60,000 x 60,000 pixels");
    }

    @Test
    void headersThatLieAreRefused() throws IOException {
        List<String> headers = new ArrayList<>();
        headers.add(
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                        + "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}");
        headers.add(
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}");
        headers.add(
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[65536,65536,65536],\"data_offsets\":[0,8]}}");
        headers.add(
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[9223372036854775800,9223372036854775807]}}");
        headers.add("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}");
        headers.add("[".repeat(100_000));
        headers.add("{\"a\":" + "{\"b\":".repeat(100_000));
        headers.add("{\"a\":1e999999999}");
        headers.add("{\"__metadata__\":{\"k\":[1]}}");
        TreeMap<String, Integer> answers = new TreeMap<>();
        for (String header : headers) {
            byte[] text = header.getBytes(StandardCharsets.UTF_8);
            ByteBuffer bytes =
                    ByteBuffer.allocate(8 + text.length + 12).order(ByteOrder.LITTLE_ENDIAN);
            bytes.putLong(text.length).put(text);
            Path file = Files.write(place.resolve("x.safetensors"), bytes.array());
            guarded(header.substring(0, 10), Safetensors::read, file, answers);
        }
        assertThat(answers).containsOnlyKeys("refused");
    }
}
