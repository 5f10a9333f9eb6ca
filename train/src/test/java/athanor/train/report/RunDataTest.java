package athanor.train.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunDataTest {
    @TempDir Path run = Path.of("");

    @Test
    void manyStepsBecomeMeansOfNeighboursAndALineThatIsBeingWrittenIsLeftOut() throws IOException {
        Files.writeString(run.resolve("config.json"), "{\"model\":\"cnn\"}");
        StringBuilder steps = new StringBuilder();
        for (int step = 1; step <= 1600; step++) {
            steps.append(
                    "{\"epoch\":1,\"step\":%d,\"loss\":%d,\"lr\":0.5,\"images_per_s\":10}%n"
                            .formatted(step, step % 2));
        }
        Files.writeString(run.resolve("steps.jsonl"), steps + "{\"epoch\":1,\"st");
        RunData data = RunData.read("run", run);

        assertThat(data.steps()).hasSize(800);
        assertThat(data.steps().get(1).path("step").asDouble()).isEqualTo(3.5);
        assertThat(data.steps()).allMatch(step -> step.path("loss").asDouble() == 0.5);
        assertThat(data.epochs()).isEmpty();
        assertThat(data.toJson().path("evaluation").isNull()).isTrue();
    }

    @Test
    void wordsOfARunCannotEndTheScriptThatHoldsThem() throws IOException {
        Files.writeString(
                run.resolve("config.json"), "{\"model\":\"</script><script>alert(1)</script>\"}");
        String page = Page.of(java.util.List.of(RunData.read("a<b", run)));

        assertThat(page).doesNotContain("<script>alert", "a<b");
    }
}
