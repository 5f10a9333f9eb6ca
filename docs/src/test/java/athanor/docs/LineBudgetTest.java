package athanor.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The engine is to be read in a weekend. Lines of main code that are neither blank nor comment;
/// raising a figure is a decision, with its reason in docs/decisions.
class LineBudgetTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    private static final String CUDA = "kernels/src/main/java/athanor/kernels/cuda";

    private static final String ONNX = "nn/src/main/java/athanor/nn/onnx";
    private static final String REPORT = "train/src/main/java/athanor/train/report";

    @ParameterizedTest
    @CsvSource({
        "kernels/src/main, " + CUDA + ", 5900",
        CUDA + ", " + CUDA + "/simulator, 2700",
        CUDA + "/simulator, none, 5150",
        "engine/src/main, none, 7150",
        "nn/src/main, " + ONNX + ", 3330",
        ONNX + ", none, 3350",
        "train/src/main, " + REPORT + ", 6620",
        REPORT + ", none, 870",
        "cli/src/main, none, 3000",
        "bench/src/main, none, 700"
    })
    void roomStaysWithinItsBudget(String module, String without, long budget) throws IOException {
        long lines = 0;
        try (Stream<Path> files = Files.walk(ROOT.resolve(module))) {
            List<Path> sources =
                    files.filter(file -> file.toString().endsWith(".java"))
                            .filter(file -> !file.startsWith(ROOT.resolve(without)))
                            .toList();
            for (Path source : sources) {
                lines +=
                        Files.readAllLines(source).stream()
                                .map(String::strip)
                                .filter(LineBudgetTest::isCode)
                                .count();
            }
        }
        System.out.printf("%s: %d of %d lines%n", module, lines, budget);
        assertThat(lines).as(module).isBetween(1L, budget);
    }

    private static boolean isCode(String line) {
        return !line.isEmpty()
                && !line.startsWith("//")
                && !line.startsWith("/*")
                && !line.startsWith("*")
                && !line.startsWith("import ")
                && !line.startsWith("package ");
    }
}
