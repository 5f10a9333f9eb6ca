package athanor.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collection;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/// Runs every benchmark for a moment, in this JVM: they validate themselves before they are timed,
/// and a failure there fails the run.
class BenchmarksTest {
    @BeforeAll
    static void otherBenchmarksOnTheMachineDoNotMatter() {
        System.setProperty("jmh.ignoreLock", "true");
    }

    @ParameterizedTest
    @CsvSource({
        "GemmBenchmark, 67x45x83, 6, gigaflops",
        "ConvolutionBenchmark, 3x3/2+1 16-24@8, 3, gigaflops",
        "ConvolutionBenchmark, 1x1/1+0 16-24@8, 3, gigaflops",
        "ElementwiseBenchmark, 33x65, 6, gigabytes",
        "BatchNormBenchmark, 130x35, 3, gigabytes",
        "PoolBenchmark, 3x3/2+1 20@9, 4, gigabytes",
        "SoftmaxBenchmark, 33x19, 5, gigabytes",
        "LayoutBenchmark, 3x5x6x17, 5, gigabytes",
        "OptimizerBenchmark, 1001, 2, gigabytes"
    })
    void every_benchmark_validates_and_reports_a_rate(
            String name, String size, int count, String counter) throws RunnerException {
        Collection<RunResult> results = run(name, "size", size);
        assertThat(results).hasSize(count);
        for (RunResult result : results) {
            String what = result.getParams().id();
            assertThat(result.getParams().getParam("device")).isEqualTo("cpu");
            assertThat(result.getPrimaryResult().getScore()).as(what).isPositive();
            assertThat(result.getSecondaryResults()).as(what).containsOnlyKeys(counter);
            assertThat(result.getSecondaryResults().values())
                    .as(what)
                    .allMatch(rate -> rate.getScore() > 0);
        }
    }

    @Test
    void a_benchmark_that_fails_to_set_up_gives_no_figures() {
        assertThatThrownBy(() -> run("OptimizerBenchmark", "device", "abacus"))
                .isInstanceOf(RunnerException.class)
                .hasStackTraceContaining("device: there is no abacus");
    }

    @Test
    void a_wrong_result_is_refused() {
        double[] result = {1000, 2, 3.05};
        double[] wanted = {1000.001, 2, 3};
        assertThatThrownBy(() -> KernelBenchmark.check("square", 3, i -> result[i], i -> wanted[i]))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("square: element 2 is 3.05 instead of 3.0");
        result[2] = Double.NaN;
        assertThatThrownBy(() -> KernelBenchmark.check("square", 3, i -> result[i], i -> wanted[i]))
                .hasMessageContaining("NaN");
        result[2] = 3.001;
        KernelBenchmark.check("square", 3, i -> result[i], i -> wanted[i]);
    }

    @Test
    void a_kernel_that_differs_from_the_reference_is_refused() {
        KernelBenchmark benchmark = new KernelBenchmark() {};
        benchmark.device = "cpu";
        assertThatThrownBy(
                        () ->
                                benchmark.prepare(
                                        1,
                                        (backend, x) ->
                                                backend.fill(
                                                        x[0],
                                                        5,
                                                        backend.name().equals("cpu") ? 1 : 2),
                                        5))
                .hasMessageContaining("array 0: element 0 is 1.0 instead of 2.0");
    }

    private static Collection<RunResult> run(String name, String parameter, String value)
            throws RunnerException {
        TimeValue moment = TimeValue.milliseconds(20);
        return new Runner(
                        new OptionsBuilder()
                                .include("\\." + name + "\\.")
                                .param(parameter, value)
                                .forks(0)
                                .warmupIterations(0)
                                .measurementIterations(1)
                                .measurementTime(moment)
                                .shouldFailOnError(true)
                                .verbosity(VerboseMode.SILENT)
                                .build())
                .run();
    }
}
