package athanor.train.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The calls of NCCL, against a library that stands in for it: every argument is seen to arrive.
/// Needs gcc, and no GPU.
class NcclTest {
    @TempDir static Path folder = Path.of("");

    @BeforeAll
    static void buildLibrary() throws Exception {
        assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/gcc")),
                "skipped: no /usr/bin/gcc to build the stand-in for NCCL with");
        Path text = folder.resolve("nccl.c");
        try (InputStream resource = NcclTest.class.getResourceAsStream("nccl.c")) {
            assertThat(resource).isNotNull();
            Files.copy(resource, text);
        }
        Process gcc =
                new ProcessBuilder(
                                "gcc",
                                "-shared",
                                "-fPIC",
                                "-o",
                                folder.resolve("libnccl.so.2").toString(),
                                text.toString())
                        .redirectErrorStream(true)
                        .start();
        List<String> words = gcc.inputReader().lines().toList();
        assertThat(gcc.waitFor()).as("%s", words).isZero();
    }

    private record Outcome(List<String> said, List<String> calls) {}

    private static Outcome run(Map<String, String> environment)
            throws IOException, InterruptedException {
        Path log = Files.createTempFile(folder, "calls", ".log");
        ProcessBuilder builder =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:TieredStopAtLevel=1",
                                "-Xmx256m",
                                "--add-modules=jdk.incubator.vector",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                NcclProgram.class.getName())
                        .redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("NCCL_LOG", log.toString());
        builder.environment().put("ATHANOR_CUDA_LIBRARIES", "/nowhere:" + folder);
        builder.environment().putAll(environment);
        Process java = builder.start();
        List<String> said = java.inputReader().lines().toList();
        assertThat(java.waitFor(120, TimeUnit.SECONDS)).isTrue();
        return new Outcome(said, Files.readAllLines(log));
    }

    @Test
    void whatLiesOnTheGpuGoesByNcclAndTheRestByTheHosts() throws Exception {
        Outcome outcome = run(Map.of());
        assertThat(outcome.calls())
                .containsExactly(
                        "id",
                        "init 0 of 2, id whole",
                        "group",
                        "allReduce in place 15 of type 7, op 0, comm 0xc0, stream given",
                        "allReduce in place 7 of type 7, op 0, comm 0xc0, stream given",
                        "end",
                        "group",
                        "broadcast in place 7 of type 7, root 0, comm 0xc0, stream given",
                        "end",
                        "destroy 0xc0");
        assertThat(outcome.said())
                .containsExactly(
                        "version 22304",
                        "host sends 128",
                        "nccl 0 of 2",
                        "still there 3.0",
                        "host sums 3",
                        "host sends 4",
                        "host waits",
                        "host aborts 7",
                        "host closed");
    }

    @Test
    void whatItRefusesIsSaidInItsWords() throws Exception {
        for (String call :
                List.of("ncclCommInitRank", "ncclAllReduce", "ncclGroupEnd", "ncclGetUniqueId")) {
            assertThat(run(Map.of("NCCL_REFUSES", call)).said().getLast())
                    .isEqualTo(
                            "NCCL: %s: internal error; NCCL_DEBUG=INFO in the environment says more"
                                    .formatted(call));
        }
        assertThat(run(Map.of("NCCL_REFUSES", "async")).said().getLast())
                .startsWith("NCCL: an earlier call: internal error");
    }

    @Test
    void withoutItTheWayOutIsSaid() throws Exception {
        assumeTrue(!Nccl.installed().isPresent(), "skipped: NCCL is installed here");
        assertThat(run(Map.of("ATHANOR_CUDA_LIBRARIES", "")).said().getLast())
                .contains("libnccl.so", "install NCCL 2");
    }
}
