package athanor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The commands that show something, on a model that was trained for two steps.
class SeeingTest {
    @TempDir static Path folder = Path.of("");

    private static Path checkpoint() {
        return folder.resolve("run/checkpoints/last.safetensors");
    }

    @BeforeAll
    static void train() {
        CommandLineTest.Result result =
                CommandLineTest.run(
                        "train",
                        "--recipe=first-run",
                        "--max-steps=2",
                        "--dashboard=0",
                        "--histograms",
                        "--out=" + folder.resolve("run"));
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).contains("see it at http://localhost:");
        assertThat(result.code()).isZero();
    }

    private static Path image(int width, int height, int type, String format) throws IOException {
        BufferedImage image = new BufferedImage(width, height, type);
        for (int i = 0; i < width * height; i++) {
            image.setRGB(i % width, i / width, 0xff000000 | i * 2654435);
        }
        Path file = folder.resolve("picture-" + width + "." + format);
        assertThat(ImageIO.write(image, format, file.toFile())).isTrue();
        return file;
    }

    @Test
    void predictReadsAnySizeAndFormatAndWritesJsonAndHeatMaps() throws IOException {
        Path wide = image(300, 40, BufferedImage.TYPE_INT_RGB, "jpg");
        Path clear = image(17, 64, BufferedImage.TYPE_INT_ARGB, "png");
        Path grey = image(5, 5, BufferedImage.TYPE_USHORT_GRAY, "tiff");
        Path few = image(20, 21, BufferedImage.TYPE_BYTE_INDEXED, "gif");
        CommandLineTest.Result result =
                CommandLineTest.run(
                        "predict",
                        "--json",
                        "--saliency",
                        "--checkpoint=" + checkpoint(),
                        wide.toString(),
                        clear.toString(),
                        grey.toString(),
                        few.toString());

        assertThat(result.err()).isEmpty();
        assertThat(result.out().lines()).hasSize(1);
        JsonNode all = new ObjectMapper().readTree(result.out());
        assertThat(all).hasSize(4);
        assertThat(all.get(0).path("image").asText()).isEqualTo(wide.toString());
        JsonNode likely = all.get(0).path("predictions");
        assertThat(likely).hasSize(5);
        assertThat(likely.get(0).path("probability").asDouble())
                .isBetween(0.1, 1.0)
                .isGreaterThanOrEqualTo(likely.get(1).path("probability").asDouble());
        Path map = Path.of(all.get(0).path("saliency").asText());
        assertThat(map).isEqualTo(folder.resolve("picture-300-saliency.png"));
        BufferedImage heat = ImageIO.read(map.toFile());
        assertThat(heat.getWidth()).isEqualTo(2 * 256);
        assertThat(heat.getHeight()).isEqualTo(256);
    }

    @Test
    void aCheckpointSaysHowImagesAreNormalized() {
        assertThat(athanor.train.Checkpoint.read(checkpoint()).settings().asMap())
                .extractingByKey("mean")
                .asString()
                .matches("0\\.\\d+,0\\.\\d+,0\\.\\d+");
    }

    @Test
    void summaryDrawsTheNetwork() throws IOException {
        Path svg = folder.resolve("model.svg");
        CommandLineTest.Result result =
                CommandLineTest.run("summary", "--model=resnet8", "--graph=" + svg);

        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.out()).contains(svg.toString());
        assertThat(Files.readString(svg)).startsWith("<svg ").contains(">layer3.0</text>");
    }

    @Test
    void explainPrintsTheTapeWithFormulas() {
        CommandLineTest.Result result =
                CommandLineTest.run("explain", "--model=cnn", "--data=mnist", "--batch-size=3");

        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.out())
                .contains("a batch of 3", "[3, 28, 28, 1]", "maxPool")
                .contains("Y = A B. dA = dY B^T, dB = A^T dY.");
        // Shapes and bytes of the loss: logits and their gradient, 3 rows of 10 floats.
        assertThat(result.out())
                .containsPattern("crossEntropy +\\[] +240  #\\d+; \\[3, 10], \\[3, 10]");
    }

    @Test
    void reportWritesThePageAgain() throws IOException {
        Path page = folder.resolve("run/report.html");
        Files.delete(page);
        CommandLineTest.Result result = CommandLineTest.run("report", folder + "/run");

        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.out()).contains(page.toString());
        assertThat(page).content().contains("resnet8", "shapes10");
    }
}
