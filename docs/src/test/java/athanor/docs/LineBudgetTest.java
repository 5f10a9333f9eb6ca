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

    @ParameterizedTest
    @CsvSource({
        "kernels, 5450",
        "engine, 5700",
        "nn, 1750",
        "train, 3520",
        "cli, 2000",
        "bench, 700"
    })
    void moduleStaysWithinItsBudget(String module, long budget) throws IOException {
        long lines = 0;
        try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/main"))) {
            List<Path> sources = files.filter(file -> file.toString().endsWith(".java")).toList();
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
