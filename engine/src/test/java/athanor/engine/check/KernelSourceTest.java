package athanor.engine.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What gives other bits compiled than interpreted must not stand in a kernel.
class KernelSourceTest {
    private static final Path SOURCES = Path.of("../kernels/src/main/java");
    private static final Pattern BANNED =
            Pattern.compile(
                    "reduceLanes\\(\\s*(VectorOperators\\.)?(ADD|MUL)\\b"
                            + "|VectorOperators\\.(\\*|EXP|EXPM1|LOG|LOG1P|LOG10|TANH|SINH|COSH|SIN|COS"
                            + "|TAN|ASIN|ACOS|ATAN|ATAN2|POW|CBRT|HYPOT)(?!\\w)");

    @Test
    void noKernelAddsLanesOrUsesAFunctionOfTheVectorLibrary() throws IOException {
        List<String> found = new ArrayList<>();
        int seen = 0;
        try (var files = Files.walk(SOURCES)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                String code = withoutComments(Files.readString(file));
                seen += code.contains("FloatVector") ? 1 : 0;
                BANNED.matcher(code)
                        .results()
                        .forEach(match -> found.add(file.getFileName() + ": " + match.group()));
            }
        }
        assertThat(found).isEmpty();
        assertThat(seen).isPositive();
    }

    @Test
    void whatIsBannedIsFound() {
        assertThat("v.reduceLanes(VectorOperators.ADD)").containsPattern(BANNED);
        assertThat("v.reduceLanes(\n    ADD, mask)").containsPattern(BANNED);
        assertThat("v.lanewise(VectorOperators.TANH)").containsPattern(BANNED);
        assertThat("import static jdk.incubator.vector.VectorOperators.*;").containsPattern(BANNED);
        assertThat("import static jdk.incubator.vector.VectorOperators.EXP;")
                .containsPattern(BANNED);
        assertThat("import static jdk.incubator.vector.VectorOperators.EQ;")
                .doesNotContainPattern(BANNED);
        assertThat("v.reduceLanes(VectorOperators.MAX)").doesNotContainPattern(BANNED);
        assertThat("v.lanewise(VectorOperators.LSHL, 3)").doesNotContainPattern(BANNED);
        assertThat(withoutComments("a(); // reduceLanes(ADD)\nb();")).isEqualTo("a(); \nb();");
    }

    private static String withoutComments(String source) {
        return source.replaceAll("//[^\n]*", "");
    }
}
