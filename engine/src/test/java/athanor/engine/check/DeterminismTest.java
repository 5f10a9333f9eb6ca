package athanor.engine.check;

import static org.assertj.core.api.Assertions.assertThat;

import athanor.engine.Backend;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DeterminismTest {
    @Test
    void theNumberOfThreadsChangesNoBit() {
        assertThat(DeterminismCheck.acrossThreads(DeterminismCheck.cases(), Backend.cpu(), 1, 2, 3))
                .hasSize(2)
                .allMatch(Finding::passed);
    }

    /// The third JVM compiles after a tenth of the usual calls, so that it changes from the
    /// interpreter to both compilers in the middle of the cases.
    @Test
    void interpreterAndCompilersGiveTheSameBits() throws IOException, InterruptedException {
        Process interpreter = start("small", 1, "-Xint");
        Process c1 = start("all", 1, "-XX:TieredStopAtLevel=1");
        Map<String, String> interpreted = digests(interpreter);
        Process c2 = start("all", 2, "-XX:CompileThresholdScaling=0.1");
        Map<String, String> quick = digests(c1);
        Map<String, String> optimized = digests(c2);
        assertThat(optimized).hasSize(DeterminismCheck.cases().size());
        assertThat(interpreted).hasSizeGreaterThan(optimized.size() / 2);
        assertThat(DeterminismCheck.compare("C1", optimized, quick)).matches(Finding::passed);
        assertThat(DeterminismCheck.compare("-Xint", optimized, interpreted))
                .matches(Finding::passed);
        Map<String, String> here =
                DeterminismCheck.digests(DeterminismCheck.cases(), Backend.cpu());
        assertThat(DeterminismCheck.compare("this JVM", optimized, here)).matches(Finding::passed);
    }

    private static Process start(String cases, int rounds, String flag) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> !argument.startsWith("-javaagent"))
                .forEach(command::add);
        command.addAll(List.of(flag, "-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(DeterminismCheck.class.getName(), cases, String.valueOf(rounds)));
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    }

    private static Map<String, String> digests(Process process)
            throws IOException, InterruptedException {
        Map<String, String> digests = new LinkedHashMap<>();
        try (var lines = process.inputReader()) {
            lines.lines()
                    .map(line -> line.split("\t", 2))
                    .filter(parts -> parts.length == 2)
                    .forEach(parts -> digests.put(parts[0], parts[1]));
        }
        assertThat(process.waitFor()).isZero();
        return digests;
    }
}
