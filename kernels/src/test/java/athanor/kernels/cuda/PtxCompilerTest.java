package athanor.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Every kernel of ours compiles for each kind of GPU, and none of them spills registers. What each
/// takes is listed in `target/ptx-kernels.txt`.
class PtxCompilerTest {
    private static final Path SOURCES = Path.of("src/main/java");
    private static final Path LISTING = Path.of("target/ptx-kernels.txt");
    private static final List<String> TABLE = new ArrayList<>();
    private static final List<String> ARCHITECTURES = List.of("sm_70", "sm_75", "sm_80", "sm_90");

    /// A kernel that holds this many numbers at once: all are loaded, then all are stored.
    private static String holding(int numbers) {
        StringBuilder text =
                new StringBuilder(
                        """
                        .version 7.0
                        .target sm_70
                        .address_size 64
                        .visible .entry hold(.param .u64 x) .maxntid 1024, 1, 1 {
                            .reg .f32 %f<NUMBERS>;
                            .reg .u64 %x;
                            .shared .align 4 .b8 buffer[512];
                            ld.param.u64 %x, [x];
                            st.volatile.shared.f32 [buffer], 0f00000000;
                        """
                                .replace("NUMBERS", Integer.toString(numbers)));
        IntStream.range(0, numbers)
                .forEach(
                        i ->
                                text.append("    ld.volatile.global.f32 %f" + i)
                                        .append(", [%x + " + 4 * i + "];\n"));
        IntStream.range(0, numbers)
                .forEach(
                        i ->
                                text.append("    st.volatile.global.f32 [%x + " + 4 * i)
                                        .append("], %f" + i + ";\n"));
        return text.append("    ret;\n}\n").toString();
    }

    @Test
    void noFileIsMissingInTheList() throws IOException {
        Path root = SOURCES.resolve("athanor/kernels");
        try (Stream<Path> files = Files.walk(root)) {
            assertThat(
                            files.map(file -> root.relativize(file).toString())
                                    .filter(file -> file.endsWith(".ptx"))
                                    .map(file -> file.replace(".ptx", "").replace('\\', '/'))
                                    .sorted())
                    .isEqualTo(Ptx.FILES);
        }
    }

    @Test
    void registersSpillsAndSharedMemoryAreSeen() {
        for (String architecture : ARCHITECTURES) {
            PtxCompiler.Outcome few = PtxCompiler.compile(holding(20), architecture);
            assertThat(few.words()).isEmpty();
            assertThat(few.cubinBytes()).isPositive();
            assertThat(few.kernels()).hasSize(1);
            PtxCompiler.Kernel kernel = few.kernels().getFirst();
            assertThat(kernel.name()).isEqualTo("hold");
            assertThat(kernel.registers()).isBetween(20, 64);
            assertThat(kernel.spilledBytes()).isZero();
            assertThat(kernel.sharedBytes()).isEqualTo(512);
            // 64 registers is all that each of 1024 threads can have.
            PtxCompiler.Outcome many = PtxCompiler.compile(holding(100), architecture);
            assertThat(many.kernels().getFirst().spilledBytes()).isGreaterThan(4 * 30);
        }
    }

    @Test
    void whatDoesNotCompileIsNamedWithItsLine() {
        PtxCompiler.Outcome outcome =
                PtxCompiler.compile(holding(2).replace("ld.param.u64", "ld.param.u65"), "sm_80");
        assertThat(outcome.cubinBytes()).isZero();
        assertThat(outcome.words()).contains("line 8", "u65");
    }

    @TestFactory
    Stream<DynamicTest> kernels() throws IOException {
        List<Path> texts;
        try (Stream<Path> files = Files.walk(SOURCES)) {
            texts = files.filter(path -> path.toString().endsWith(".ptx")).sorted().toList();
        }
        assertThat(texts).isNotEmpty();
        return texts.stream()
                .flatMap(
                        path ->
                                ARCHITECTURES.stream()
                                        .map(
                                                architecture ->
                                                        DynamicTest.dynamicTest(
                                                                path.getFileName()
                                                                        + " for "
                                                                        + architecture,
                                                                () ->
                                                                        compile(
                                                                                path,
                                                                                architecture))));
    }

    @AfterAll
    static void list() throws IOException {
        Files.write(LISTING, TABLE);
    }

    private static void compile(Path path, String architecture) throws IOException {
        PtxCompiler.Outcome outcome = PtxCompiler.compile(Files.readString(path), architecture);
        assertThat(outcome.words()).isEmpty();
        assertThat(outcome.kernels()).isNotEmpty();
        for (PtxCompiler.Kernel kernel : outcome.kernels()) {
            TABLE.add("%s %s %s".formatted(path.getFileName(), architecture, kernel));
            assertThat(kernel.spilledBytes()).as("%s spills", kernel).isZero();
        }
    }
}
