package athanor.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The entry class in JVMs of its own: this one's Java without the vector module, and an older Java
/// where there is one.
class EntryTest {
    private static final Path OWN = Path.of(System.getProperty("java.home"));
    private static final Path OLD = Path.of("/usr/lib/jvm/java-17-openjdk-amd64");

    @TempDir Path folder = Path.of("");

    record Result(int code, String out, String err) {}

    private Result start(Path home, List<String> flags, String... args)
            throws IOException, InterruptedException {
        Process process = process(home, flags, args);
        assertThat(process.waitFor(240, TimeUnit.SECONDS)).isTrue();
        return new Result(process.exitValue(), read("out"), read("err"));
    }

    private Process process(Path home, List<String> flags, String... args) throws IOException {
        List<String> command = new ArrayList<>(List.of(home.resolve("bin/java").toString()));
        command.addAll(flags);
        command.addAll(
                List.of("-cp", System.getProperty("java.class.path"), Entry.class.getName()));
        command.addAll(Arrays.asList(args));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().remove("ATHANOR_JAVA_OPTS");
        builder.environment().put("ATHANOR_JAVA", OWN.toString());
        return builder.directory(folder.toFile())
                .redirectOutput(folder.resolve("out").toFile())
                .redirectError(folder.resolve("err").toFile())
                .start();
    }

    private String read(String name) throws IOException {
        return Files.readString(folder.resolve(name), StandardCharsets.UTF_8);
    }

    private static Path oldJava() {
        assumeTrue(
                Files.isExecutable(OLD.resolve("bin/java")),
                "skipped: there is no Java 17 in " + OLD);
        return OLD;
    }

    @Test
    void the_stored_help_is_the_program_s_own() {
        String help = Athanor.help(new Screen(System.out, System.err, false));
        assertThat(StoredText.of("help.txt"))
                .as("src/main/resources/athanor/cli/help.txt must hold the lines that follow")
                .isEqualTo(help);
    }

    @Test
    void the_commands_are_those_that_the_help_lists() {
        assertThat(Entry.commands())
                .containsExactly(
                        "train",
                        "eval",
                        "predict",
                        "report",
                        "dashboard",
                        "data",
                        "summary",
                        "explain",
                        "doctor",
                        "bench",
                        "export",
                        "import",
                        "recipes",
                        "models",
                        "datasets");
    }

    @ParameterizedTest
    @CsvSource({"trian, train", "evaluate, eval", "recipe, recipes", "benhc, bench"})
    void an_unknown_command_is_answered_with_the_nearest(String given, String nearest) {
        assertThat(Entry.unknownCommand(given))
                .contains("did you mean " + nearest + "?")
                .doesNotContain("\n");
    }

    @Test
    void an_old_java_answers_help_and_wrong_commands_itself() throws Exception {
        Path old = oldJava();
        List<String> noOther = List.of("-Duser.home=/nowhere");

        assertThat(start(old, noOther, "--help"))
                .isEqualTo(new Result(0, StoredText.of("help.txt"), ""));
        assertThat(start(old, noOther).out()).isEqualTo(StoredText.of("help.txt"));
        assertThat(start(old, noOther, "--version").out()).startsWith("athanor ").hasLineCount(1);
        Result wrong = start(old, noOther, "trian");
        assertThat(wrong.code()).isEqualTo(2);
        assertThat(wrong.err()).contains("did you mean train?").hasLineCount(1);
    }

    @Test
    void an_old_java_starts_a_newer_one_and_passes_the_exit_code_through() throws Exception {
        assertChild(oldJava());
    }

    @Test
    void a_java_without_the_vector_module_starts_one_with_it() throws Exception {
        assertChild(OWN);
    }

    private void assertChild(Path home) throws Exception {
        Result models = start(home, List.of("-Xmx256m"), "models");
        assertThat(models.err()).as("no warning of the incubator module").isEmpty();
        assertThat(models.out()).contains("resnet50");
        assertThat(models.code()).isZero();

        Result wrong = start(home, List.of(), "train", "--lr", "-1");
        assertThat(wrong.err()).contains("--lr -1").hasLineCount(1);
        assertThat(wrong.code()).isEqualTo(2);
    }

    @Test
    void help_loads_nothing_but_the_entry() throws Exception {
        Path log = folder.resolve("classes.log");
        Result help = start(OWN, List.of("-Xlog:class+load:file=" + log), "--help");
        assertThat(help.out()).isEqualTo(StoredText.of("help.txt"));
        assertThat(Files.readAllLines(log))
                .filteredOn(line -> line.matches(".*\\b(athanor|picocli|jdk\\.incubator)\\..*"))
                .allMatch(line -> line.contains("athanor.cli.Entry") || line.contains("StoredText"))
                .isNotEmpty();
    }

    @Test
    void a_signal_to_the_first_jvm_ends_the_second_too() throws Exception {
        Process process = process(OWN, List.of(), "train", "--out", "run");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(180);
        while (!read("out").contains("run folder") && System.nanoTime() < deadline) {
            Thread.sleep(50);
        }
        List<ProcessHandle> children;
        try (Stream<ProcessHandle> descendants = process.descendants()) {
            children = descendants.toList();
        }
        assertThat(children).isNotEmpty();
        process.destroy();
        assertThat(process.waitFor(180, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(143);
        assertThat(children).noneMatch(ProcessHandle::isAlive);
        assertThat(read("err"))
                .contains("interrupted; a checkpoint is written", "goes on after step")
                .hasLineCount(2);
    }

    @Test
    void a_java_is_found_by_its_release_file() throws IOException {
        Path right =
                home(
                        "right",
                        "JAVA_VERSION=\"26.0.1\"\nMODULES=\"java.base jdk.incubator.vector\"\n");
        Path old = home("old", "JAVA_VERSION=\"21\"\nMODULES=\"java.base jdk.incubator.vector\"\n");
        Path slim = home("slim", "JAVA_VERSION=\"25\"\nMODULES=\"java.base java.logging\"\n");

        assertThat(JavaHome.fits(right)).isTrue();
        assertThat(JavaHome.fits(old)).isFalse();
        assertThat(JavaHome.fits(slim)).isFalse();
        assertThat(
                        JavaHome.find(
                                Map.of("JAVA_HOME", old.toString(), "PATH", right + "/bin"),
                                folder))
                .isEqualTo(Optional.of(right.toRealPath()));
        assertThat(JavaHome.find(Map.of("ATHANOR_JAVA", right + "/bin/java"), folder))
                .isEqualTo(Optional.of(right.toRealPath()));
    }

    private Path home(String name, String release) throws IOException {
        Path home = Files.createDirectories(folder.resolve(name));
        Path java = Files.createDirectories(home.resolve("bin")).resolve("java");
        Files.writeString(java, "");
        assertThat(java.toFile().setExecutable(true)).isTrue();
        Files.writeString(home.resolve("release"), release);
        return home;
    }
}
