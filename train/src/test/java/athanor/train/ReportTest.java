package athanor.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import athanor.train.report.Report;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a training leaves for the eye.
class ReportTest {
    @TempDir static Path shared = Path.of("");
    private static Path run = Path.of("");
    private static String page = "";

    @BeforeAll
    static void train() throws IOException {
        TinyRun.draw(shared.resolve("data"));
        TinyRun tiny = new TinyRun(shared.resolve("data"), shared.resolve("run"));
        tiny.train();
        run = tiny.out();
        page = Files.readString(run.resolve("report.html"));
    }

    private static JsonNode data() throws IOException {
        String begin = "<script type=\"application/json\" id=\"data\">";
        int at = page.indexOf(begin) + begin.length();
        return new ObjectMapper()
                .readTree(page.substring(at, page.indexOf("</script>", at)))
                .get(0);
    }

    @Test
    void thePageHoldsEveryNumberOfTheRun() throws IOException {
        List<String> metrics = Files.readAllLines(run.resolve("metrics.jsonl"));

        assertThat(data().path("epochs")).map(JsonNode::toString).isEqualTo(metrics);
        assertThat(data().path("steps").path("step")).map(JsonNode::asInt).hasSize(12);
        assertThat(data().path("config").path("model").asText()).isEqualTo("resnet8");
        assertThat(page).contains("<noscript>").contains(metrics.getLast());
    }

    @Test
    void itNeedsNothingFromOutside() {
        String without = page.replaceAll("/\\*!.*?\\*/", "");
        assertThat(without).doesNotContainPattern("(src|href)\\s*=\\s*[\"']?(https?:)?//");
        assertThat(without).doesNotContain("@import", "url(", "http://", "https://");
    }

    @Test
    void theNewestEvaluationHasConfusionMistakesWithTheirImagesAndTheTimeOfEachLayer()
            throws IOException {
        JsonNode found = data().path("evaluation");
        int right = 0;
        int all = 0;
        for (int row = 0; row < 4; row++) {
            for (int column = 0; column < 4; column++) {
                int count = found.path("confusion").path(row).path(column).asInt();
                all += count;
                right += row == column ? count : 0;
            }
        }
        assertThat(all).isEqualTo(TinyRun.TEST_IMAGES);
        assertThat(100.0 * right / all)
                .isEqualTo(data().path("epochs").path(1).path("test_acc1").asDouble());
        assertThat(found.path("mistakes")).hasSize(all - right);
        for (JsonNode mistake : found.path("mistakes")) {
            byte[] png = Base64.getDecoder().decode(mistake.path("png").asText());
            assertThat(ImageIO.read(new ByteArrayInputStream(png)).getWidth()).isEqualTo(32);
        }
        assertThat(found.path("layers"))
                .filteredOn(layer -> layer.path("kind").asText().equals("Conv2d"))
                .hasSize(9)
                .allMatch(layer -> layer.path("backward_ms").asDouble() > 0);
    }

    @Test
    void curvesAreDrawnWhereTheSystemHasFonts() throws IOException {
        try (Stream<Path> files = Files.list(run.resolve("curves"))) {
            List<Path> curves = files.toList();
            assertThat(curves).hasSize(4);
            for (Path curve : curves) {
                BufferedImage image = ImageIO.read(curve.toFile());
                assertThat(image.getWidth()).isEqualTo(800);
            }
        } catch (java.nio.file.NoSuchFileException e) {
            assertThat(Path.of("/usr/share/fonts/truetype")).doesNotExist();
        }
    }

    @Test
    void aFolderWithoutARunIsNamedAndStaysEmpty() {
        Path empty = shared.resolve("empty");
        assertThatThrownBy(() -> Report.write(empty))
                .isInstanceOf(TrainingProblem.class)
                .hasMessageContaining("empty: no run");
        assertThat(empty).doesNotExist();
    }

    @Test
    void aBrowserDrawsIt() throws IOException {
        String html = Chromium.html(run.resolve("report.html").toUri(), 3, shared);

        assertThat(html).contains("<title>run – Athanor</title>");
        assertThat(Chromium.count(html, "<canvas")).as("charts").isEqualTo(6);
        assertThat(Chromium.count(html, "<figure"))
                .isEqualTo(data().path("evaluation").path("mistakes").size());
        assertThat(html).contains("class=\"matrix\"", ">layer3.0.conv2</span>", "2 / 2");
    }
}
