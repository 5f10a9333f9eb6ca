package athanor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import athanor.train.Checkpoint;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Trainings in processes of their own, which are killed, told to end, or run out of disk.
/// `-Dathanor.kills=50` kills as often as docs/reliability.md says; the moments follow from
/// `-Dathanor.kill.seed`.
class KilledTrainingTest {
    private static final int KILLS = Integer.getInteger("athanor.kills", 6);
    private static final int IMAGES = 60;
    private static final int SIDE = 10;
    private static final int STEPS = 12 * 8;

    @TempDir Path folder = Path.of("");

    /// Noise in the form of Fashion-MNIST.
    private Path data() throws IOException {
        Path data = Files.createDirectories(folder.resolve("data"));
        Random random = new Random(4);
        for (String prefix : List.of("train", "t10k")) {
            try (var images = stream(data.resolve(prefix + "-images-idx3-ubyte"));
                    var labels = stream(data.resolve(prefix + "-labels-idx1-ubyte"))) {
                for (int length : new int[] {0x803, IMAGES, SIDE, SIDE}) {
                    images.writeInt(length);
                }
                labels.writeInt(0x801);
                labels.writeInt(IMAGES);
                byte[] pixels = new byte[SIDE * SIDE];
                for (int i = 0; i < IMAGES; i++) {
                    random.nextBytes(pixels);
                    images.write(pixels);
                    labels.write(i % 10);
                }
            }
        }
        return data;
    }

    private static DataOutputStream stream(Path file) throws IOException {
        return new DataOutputStream(Files.newOutputStream(file));
    }

    /// 8 steps an epoch, 12 epochs: shuffled, augmented, mixed, averaged.
    private Process start(Path out, int threads, List<String> shell, String... more)
            throws IOException {
        List<String> command = new ArrayList<>(shell);
        command.addAll(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules",
                        "jdk.incubator.vector",
                        "-Xmx1g",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Athanor.class.getName(),
                        "train",
                        "--no-progress"));
        String flags =
                "--model cnn --data fashion-mnist --batch-size 8 --epochs 12 --schedule cosine"
                        + " --nesterov on --weight-decay 5e-4 --label-smoothing 0.1 --mixup 0.4"
                        + " --clip-grad-norm 5 --ema 0.9 --lookahead 0.9 --print-freq 1 --checkpoint-every 1"
                        + " --test-batch-size 30 --resume auto --seed 3";
        List<String> words = new ArrayList<>(List.of(flags.split(" ")));
        words.addAll(List.of("--data-dir", folder.resolve("data").toString()));
        words.addAll(List.of("--out", out.toString(), "--threads", String.valueOf(threads)));
        words.addAll(List.of(more));
        Map<String, String> last = new LinkedHashMap<>();
        for (int i = 0; i < words.size(); i += 2) {
            last.put(words.get(i), words.get(i + 1));
        }
        last.forEach((flag, value) -> command.addAll(List.of(flag, value)));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
    }

    private Process start(Path out, int threads, String... more) throws IOException {
        return start(out, threads, List.of(), more);
    }

    private void assertEnds(Process process, int code) throws Exception {
        assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(log()).isEqualTo(code);
    }

    private String log() throws IOException {
        return Files.readString(folder.resolve("log"), StandardCharsets.UTF_8);
    }

    /// All that a checkpoint holds but the time that its epoch took.
    private static Map<String, String> contents(Path file) {
        Map<String, String> all = new TreeMap<>();
        Checkpoint checkpoint = Checkpoint.read(file);
        checkpoint
                .tensors()
                .forEach(
                        (name, data) ->
                                all.put(
                                        name,
                                        HexFormat.of()
                                                .formatHex(
                                                        data.bytes()
                                                                .toArray(ValueLayout.JAVA_BYTE))));
        String text = checkpoint.progress().toString();
        all.put("progress", text.replaceAll("seconds=[^,]*,", ""));
        all.put("optimizer steps", String.valueOf(checkpoint.optimizerSteps()));
        return all;
    }

    private static Map<String, Map<String, String>> checkpoints(Path out) throws IOException {
        Map<String, Map<String, String>> all = new TreeMap<>();
        try (Stream<Path> files = Files.list(out.resolve("checkpoints"))) {
            files.forEach(file -> all.put(file.getFileName().toString(), contents(file)));
        }
        return all;
    }

    private static List<String> losses(Path out) throws IOException {
        return Files.readAllLines(out.resolve("steps.jsonl")).stream()
                .map(line -> line.replaceAll(",\"images_per_s.*", ""))
                .toList();
    }

    private static int steps(Path out) throws IOException {
        Path log = out.resolve("steps.jsonl");
        if (!Files.exists(log)) {
            return 0;
        }
        try (InputStream in = Files.newInputStream(log)) {
            int lines = 0;
            for (byte b : in.readAllBytes()) {
                lines += b == '\n' ? 1 : 0;
            }
            return lines;
        }
    }

    @Test
    void killedAtRandomMomentsItEndsInTheSameBits() throws Exception {
        data();
        Path whole = folder.resolve("whole");
        assertEnds(start(whole, 2), 0);
        Random random = new Random(Long.getLong("athanor.kill.seed", 1));
        int[] moments = new int[2];
        for (int threads = 1; threads <= 2; threads++) {
            Path broken = folder.resolve("broken-" + threads);
            int kills = (KILLS + threads - 1) / 2;
            for (int i = 0; i < kills; i++) {
                Process process = start(broken, threads);
                if (random.nextInt(5) == 0) {
                    // At any moment of its start.
                    process.waitFor(random.nextInt(1500), TimeUnit.MILLISECONDS);
                } else {
                    // Some steps later: within a step, a checkpoint, an evaluation.
                    int target = Math.min(STEPS * (i + 1) / (kills + 1), STEPS - 1);
                    while (process.isAlive() && steps(broken) < target) {
                        process.waitFor(1, TimeUnit.MILLISECONDS);
                    }
                    process.waitFor(random.nextInt(60_000), TimeUnit.MICROSECONDS);
                }
                moments[process.isAlive() ? 0 : 1]++;
                process.destroyForcibly();
                assertThat(process.waitFor()).as(log()).isIn(137, 0);
            }
            assertEnds(start(broken, threads), 0);
            assertThat(checkpoints(broken)).isEqualTo(checkpoints(whole));
            assertThat(losses(broken)).hasSize(STEPS).isEqualTo(losses(whole));
        }
        System.out.printf("killed %d times, %d came too late%n", moments[0], moments[1]);
        assertThat(moments[0]).isGreaterThan(KILLS / 2);
    }

    @Test
    void toldToEndItWritesACheckpointAndEndsWithTheSignalsCode() throws Exception {
        data();
        for (var signal : Map.of("TERM", 143, "INT", 130).entrySet()) {
            Path out = folder.resolve(signal.getKey());
            // What a shell starts in the background ignores SIGINT, and so does what that starts.
            List<String> shell = List.of("env", "--default-signal=INT");
            Process process = start(out, 1, shell, "--checkpoint-every", "0", "--epochs", "1000");
            while (process.isAlive() && steps(out) < 11) {
                process.waitFor(1, TimeUnit.MILLISECONDS);
            }
            assertThat(process.isAlive()).as(log()).isTrue();
            new ProcessBuilder("kill", "-" + signal.getKey(), String.valueOf(process.pid()))
                    .start()
                    .waitFor();
            assertEnds(process, signal.getValue());
            long step =
                    Checkpoint.read(out.resolve("checkpoints/last.safetensors")).progress().step();
            assertThat(step).isEqualTo(steps(out)).isGreaterThanOrEqualTo(11);
            assertThat(log())
                    .contains("interrupted; a checkpoint is written after this step")
                    .contains("--resume auto --out " + out + "` goes on after step ");
        }
    }

    /// The system refuses to let a file grow beyond what `ulimit` allows, as a full disk would, in
    /// the middle of a checkpoint.
    @Test
    void aDiskThatIsFullEndsItInALineAndLeavesTheLastCheckpoint() throws Exception {
        data();
        Path out = folder.resolve("run");
        assertEnds(start(out, 1, "--max-steps", "3"), 0);
        Map<String, Map<String, String>> before = checkpoints(out);
        List<String> shell = List.of("sh", "-c", "ulimit -f 100; exec \"$0\" \"$@\"");
        assertEnds(start(out, 1, shell, "--max-steps", "0"), 1);
        assertThat(log())
                .contains("step-4.safetensors: cannot be written (File too large); make room");
        assertThat(checkpoints(out)).isEqualTo(before);
        assertEnds(start(out, 1, "--max-steps", "5"), 0);
        assertThat(steps(out)).isEqualTo(5);
    }
}
