package athanor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The script `athanor` on a jar that is there already, with a Java that only says how it is
/// called.
class LauncherTest {
    private static final String ARCHIVE = "-XX:SharedArchiveFile=";
    private static final String LEAVES_ONE = "-XX:+AutoCreateSharedArchive";

    @TempDir Path folder = Path.of("");

    @BeforeEach
    void aCheckoutWithAJar() throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "skipped: there is no /bin/bash");
        Files.copy(Path.of("../athanor"), folder.resolve("athanor"));
        Path flags = folder.resolve("cli/src/main/resources/athanor/cli/jvm.flags");
        Files.createDirectories(flags.getParent());
        Files.writeString(flags, StoredText.of("jvm.flags"));
        Path java = Files.createDirectories(folder.resolve("java/bin")).resolve("java");
        Files.writeString(java, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
        assertThat(java.toFile().setExecutable(true)).isTrue();
        Files.writeString(folder.resolve("java/release"), "JAVA_VERSION=\"25\"\n");
        Files.createDirectories(folder.resolve("cli/target"));
        Files.writeString(folder.resolve("cli/target/athanor.jar"), "a jar");
    }

    private List<String> flags(Map<String, String> environment, String... args)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder("/bin/bash", folder + "/athanor");
        builder.command().addAll(List.of(args));
        List.of("ATHANOR_JAVA_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS")
                .forEach(builder.environment()::remove);
        builder.environment().put("ATHANOR_JAVA", folder.resolve("java").toString());
        builder.environment().putAll(environment);
        Process process = builder.redirectErrorStream(true).start();
        List<String> lines =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                        .lines()
                        .toList();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(lines).contains("athanor.cli.Entry").endsWith(args);
        return lines;
    }

    @Test
    void everyCommandReadsTheArchiveOfClassesAndTrainingLeavesIt() throws Exception {
        String archive = ARCHIVE + folder.toRealPath().resolve("cli/target/athanor.jsa");
        assertThat(flags(Map.of(), "models")).contains(archive).doesNotContain(LEAVES_ONE);
        assertThat(flags(Map.of("ATHANOR_JAVA_OPTS", "-Xmx8g"), "train", "--lr", "1"))
                .contains(archive, LEAVES_ONE, "-Xmx8g");
    }

    @Test
    void flagsThatMayExcludeAnArchiveComeAlone() throws Exception {
        for (String variable : List.of("ATHANOR_JAVA_OPTS", "JAVA_TOOL_OPTIONS")) {
            assertThat(flags(Map.of(variable, "-Xshare:off"), "train"))
                    .noneMatch(flag -> flag.startsWith(ARCHIVE) || flag.equals(LEAVES_ONE));
        }
    }
}
