package athanor.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Trainings as TensorBoard's own reader sees them.
class EventLogTest {
    private static final String PYTHON =
            System.getenv().getOrDefault("ATHANOR_PYTHON", "/opt/torch/bin/python");

    /// Prints what TensorBoard holds of a run, a line each.
    private static final String READER =
            """
            import sys
            from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
            from tensorboard.plugins.hparams import plugin_data_pb2
            run = EventAccumulator(sys.argv[1], {'scalars': 0, 'histograms': 0, 'images': 0}).Reload()
            for tag in run.Tags()['scalars']:
                print(tag, *['%d:%.6g' % (e.step, e.value) for e in run.Scalars(tag)])
            for tag in run.Tags()['histograms']:
                print(tag, *['%d:%g' % (e.step, e.histogram_value.num) for e in run.Histograms(tag)])
            for tag in run.Tags()['images']:
                print(tag, *['%d:%s' % (e.step, e.encoded_image_string[:8].hex()) for e in run.Images(tag)])
            for tag, content in run.summary_metadata.items():
                if content.plugin_data.plugin_name == 'hparams':
                    data = plugin_data_pb2.HParamsPluginData.FromString(content.plugin_data.content)
                    print(tag, dict(data.session_start_info.hparams).get('model'), data.session_end_info.status)
            """;

    @TempDir static Path data = Path.of("");
    @TempDir Path folder = Path.of("");

    @BeforeAll
    static void draw() throws IOException {
        TinyRun.draw(data);
    }

    private List<String> tensorBoard(Path run) throws IOException {
        assumeThat(Path.of(PYTHON)).as("a Python with tensorboard (ATHANOR_PYTHON)").isExecutable();
        Path script = Files.writeString(folder.resolve("reader.py"), READER);
        Process python =
                new ProcessBuilder(PYTHON, script.toString(), run.toString())
                        .redirectError(folder.resolve("errors").toFile())
                        .start();
        List<String> lines =
                new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                        .lines()
                        .toList();
        assertThat(lines).as(Files.readString(folder.resolve("errors"))).isNotEmpty();
        return lines;
    }

    private static List<String> words(List<String> lines, String tag) {
        return lines.stream()
                .filter(line -> line.startsWith(tag + " "))
                .map(line -> List.of(line.split(" ")))
                .findFirst()
                .orElse(List.of());
    }

    private static List<String> steps(List<String> words) {
        return words.stream().skip(1).map(word -> word.split(":")[0]).toList();
    }

    @Test
    void tensorBoardSeesScalarsImagesHistogramsAndHyperparameters() throws IOException {
        TinyRun run = new TinyRun(data, folder.resolve("run"));
        run.train("histograms", "on");
        List<String> seen = tensorBoard(run.out());

        assertThat(steps(words(seen, "loss/step"))).hasSize(12).startsWith("1", "2");
        assertThat(steps(words(seen, "accuracy/test"))).containsExactly("6", "12");
        assertThat(words(seen, "weights/fc.bias"))
                .containsExactly("weights/fc.bias", "6:4", "12:4");
        assertThat(words(seen, "gradients/fc.weight"))
                .containsExactly("gradients/fc.weight", "6:256", "12:256");
        assertThat(words(seen, "worst_mistakes")).contains("6:89504e470d0a1a0a");
        assertThat(seen).anyMatch(line -> line.contains("string_value: \"resnet8\""));
        assertThat(words(seen, "_hparams_/session_end_info")).last().isEqualTo("1");
    }

    @Test
    void anInterruptedRunShowsEveryStepOnceWithTheLastValues() throws IOException {
        TinyRun whole = new TinyRun(data, folder.resolve("whole"));
        whole.train();
        TinyRun parts = new TinyRun(data, folder.resolve("parts"));
        // The checkpoint is of step 4; steps 5 to 7 are done twice.
        parts.train("max-steps", "4");
        Path atFour = Files.copy(parts.last(), folder.resolve("at-4.safetensors"));
        parts.train("max-steps", "7", "resume", "auto");
        Files.copy(atFour, parts.last(), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        parts.train("resume", "auto");

        try (Stream<Path> files = Files.list(parts.out())) {
            assertThat(files.filter(f -> f.getFileName().toString().contains("tfevents")))
                    .hasSize(3);
        }
        List<String> loss = words(tensorBoard(parts.out()), "loss/step");
        assertThat(steps(loss)).hasSize(12).doesNotHaveDuplicates();
        assertThat(loss).isEqualTo(words(tensorBoard(whole.out()), "loss/step"));
    }
}
