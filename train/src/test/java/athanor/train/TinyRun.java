package athanor.train;

import athanor.kernels.random.Philox;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.io.TensorData;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/// Trainings on 40 images of 32x32 pixels in 4 classes, and what they leave behind.
record TinyRun(Path data, Path out) {
    static final int TRAINING_IMAGES = 40;
    static final int TEST_IMAGES = 12;
    private static final int CLASSES = 4;
    private static final int SIDE = 32;
    private static final ObjectMapper JSON = new ObjectMapper();

    /// Writes the images.
    static void draw(Path folder) throws IOException {
        for (int i = 0; i < TRAINING_IMAGES; i++) {
            draw(folder.resolve("train"), i);
        }
        for (int i = 0; i < TEST_IMAGES; i++) {
            draw(folder.resolve("val"), i);
        }
    }

    /// Noise; a quarter of the image that belongs to the class is brighter.
    private static void draw(Path split, int number) throws IOException {
        int label = number % CLASSES;
        PhiloxKey key = PhiloxKey.of(1).derive(String.valueOf(split.getFileName())).derive(number);
        BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < SIDE * SIDE; i++) {
            int x = i % SIDE;
            int y = i / SIDE;
            boolean bright = x * 2 / SIDE + y * 2 / SIDE * 2 == label;
            image.setRGB(x, y, Philox.below(key, i, 1 << 24) | (bright ? 0x808080 : 0));
        }
        Path folder = Files.createDirectories(split.resolve("class-" + label));
        ImageIO.write(image, "png", folder.resolve("image-" + number + ".png").toFile());
    }

    /// 6 steps an epoch, the last with 5 images; 2 epochs. Then pairs of key and value.
    Settings settings(String... changes) {
        Settings settings =
                Settings.initial()
                        .with(
                                Map.of(
                                        Setting.MODEL, "resnet8",
                                        Setting.DATA, "imagefolder",
                                        Setting.DATA_DIR, data.toString(),
                                        Setting.IMAGE_SIZE, "32",
                                        Setting.OUT, out.toString(),
                                        Setting.EPOCHS, "2",
                                        Setting.BATCH_SIZE, "7",
                                        Setting.PRINT_FREQ, "1",
                                        Setting.THREADS, "2"));
        for (int i = 0; i < changes.length; i += 2) {
            settings = settings.with(Setting.named(changes[i]).orElseThrow(), changes[i + 1]);
        }
        return settings;
    }

    TrainingEvent.Finished train(String... changes) {
        return prepare(event -> {}, changes).run();
    }

    TrainingRun prepare(TrainingEvent.Listener listener, String... changes) {
        return TrainingRun.prepare(settings(changes), Map.of(), List.of(listener));
    }

    Path last() {
        return out.resolve("checkpoints").resolve("last.safetensors");
    }

    /// All tensors of a checkpoint as text, by name.
    static Map<String, String> tensors(Path file) {
        Map<String, String> all = new TreeMap<>();
        Checkpoint checkpoint = Checkpoint.read(file);
        checkpoint.tensors().forEach((name, data) -> all.put(name, bits(data)));
        all.put("optimizer steps", String.valueOf(checkpoint.optimizerSteps()));
        double[] progress = checkpoint.progress().toArray();
        progress[6] = 0; // The seconds it took.
        all.put("progress", Arrays.toString(progress));
        return all;
    }

    static String bits(TensorData data) {
        byte[] bytes = data.bytes().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
        return data.shape() + " " + HexFormat.of().formatHex(bytes);
    }

    /// The lines of a log without what depends on the clock and the machine.
    List<String> log(String name) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String line : Files.readAllLines(out.resolve(name))) {
            ObjectNode fields = (ObjectNode) JSON.readTree(line);
            fields.remove(List.of("images_per_s", "seconds", "peak_memory_bytes"));
            lines.add(fields.toString());
        }
        return lines;
    }

    /// Every file below a folder with its contents and the time of its last change.
    static Map<String, String> snapshot(Path folder) throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                files.put(
                        folder.relativize(file).toString(),
                        Files.getLastModifiedTime(file)
                                + " "
                                + HexFormat.of().formatHex(Files.readAllBytes(file)));
            }
        }
        return files;
    }
}
