package athanor.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import athanor.engine.Backend;
import athanor.engine.Memory;
import athanor.engine.backend.Cuda;
import athanor.kernels.parallel.Parallel;
import athanor.nn.io.TensorData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Trainings of a small residual network on the simulated GPU, beside those on the CPU.
class CudaTrainingTest {
    private static final String SIMULATED = "cuda-sim";
    private static final int STEPS = 20;

    /// A step's loss, and after it the memory in use, at most in use, and held by the backend, and
    /// what the device has given out in all.
    private record Step(double loss, long live, long peak, long held, long device) {}

    @TempDir private static Path images;
    @TempDir private Path temporary;

    private final int threads = Parallel.threads();

    @BeforeAll
    static void draw() throws IOException {
        TinyRun.draw(images);
    }

    @AfterEach
    void restoreThreads() {
        Parallel.threads(threads);
    }

    /// 5 steps an epoch.
    private TinyRun run(String device, List<Step> steps, int most, String learningRate) {
        return run(device, device, steps, most, learningRate, "cuda-graph", "on");
    }

    private TinyRun run(
            String device,
            String folder,
            List<Step> steps,
            int most,
            String learningRate,
            String key,
            String value) {
        TinyRun run = new TinyRun(images, temporary.resolve(folder));
        Memory memory = Backend.of(device).memory();
        run.prepare(
                        event -> {
                            if (event instanceof TrainingEvent.StepFinished step) {
                                steps.add(
                                        new Step(
                                                step.loss(),
                                                memory.live(),
                                                memory.peak(),
                                                memory.live() + memory.pooled(),
                                                Backend.of(device) instanceof Cuda cuda
                                                        ? cuda.deviceBytes()
                                                        : 0));
                            }
                        },
                        "device",
                        device,
                        "image-size",
                        "16",
                        "batch-size",
                        "8",
                        "epochs",
                        "4",
                        "max-steps",
                        String.valueOf(most),
                        "lr",
                        learningRate,
                        "eval-every",
                        "0",
                        key,
                        value)
                .run();
        return run;
    }

    @Test
    void parametersAndBuffersAfterOneStepAreThoseOfTheCpu() {
        Map<String, TensorData> wanted = parameters(run("cpu", new ArrayList<>(), 1, "0.1"));
        Map<String, TensorData> actual = parameters(run(SIMULATED, new ArrayList<>(), 1, "0.1"));
        assertThat(actual.keySet()).hasSizeGreaterThan(30).isEqualTo(wanted.keySet());
        double worst = 0;
        for (Map.Entry<String, TensorData> tensor : actual.entrySet()) {
            TensorData exact = Objects.requireNonNull(wanted.get(tensor.getKey()));
            worst = Math.max(worst, distance(exact, tensor.getValue()));
        }
        System.out.printf("cuda-sim: after one step %.1e from the CPU%n", worst);
        assertThat(worst).isBetween(Double.MIN_VALUE, 1e-5);
    }

    private static Map<String, TensorData> parameters(TinyRun run) {
        return Checkpoint.read(run.last()).tensors();
    }

    /// The largest difference, relative to the largest number of the tensor.
    private static double distance(TensorData wanted, TensorData actual) {
        float[] a = wanted.floats();
        float[] b = actual.floats();
        double difference = 0;
        double scale = Double.MIN_NORMAL;
        for (int i = 0; i < a.length; i++) {
            difference = Math.max(difference, Math.abs((double) a[i] - b[i]));
            scale = Math.max(scale, Math.abs(a[i]));
        }
        return difference / scale;
    }

    @Test
    void twentyStepsHaveTheLossesOfTheCpuAndTakeNoMoreMemory() {
        List<Step> wanted = new ArrayList<>();
        List<Step> actual = new ArrayList<>();
        run("cpu", wanted, STEPS, "0.001");
        run(SIMULATED, actual, STEPS, "0.001");
        assertThat(actual).hasSize(STEPS);
        double worst = 0;
        for (int i = 0; i < STEPS; i++) {
            double loss = wanted.get(i).loss();
            worst = Math.max(worst, Math.abs(actual.get(i).loss() - loss) / loss);
            assertThat(actual.get(i).loss()).isCloseTo(loss, within(i < 5 ? 5e-4 : 2e-2));
        }
        System.out.printf("cuda-sim: losses of %d steps %.1e from the CPU%n", STEPS, worst);
        // From the second epoch on: the first checkpoint took some memory, too.
        List<Step> later = actual.subList(5, STEPS);
        assertThat(later).extracting(Step::live).containsOnly(actual.get(5).live());
        assertThat(later).extracting(Step::peak).containsOnly(actual.get(5).peak());
        assertThat(later).extracting(Step::held).containsOnly(actual.get(5).held());
        assertThat(later).extracting(Step::device).containsOnly(actual.get(5).device());
        assertThat(new HashSet<>(actual)).as("losses differ").hasSizeGreaterThan(STEPS / 2);
    }

    @Test
    void aRecordedStepChangesNoBit() {
        Cuda cuda = (Cuda) Backend.of(SIMULATED);
        List<Step> recorded = new ArrayList<>();
        long before = cuda.launches();
        Map<String, TensorData> graph =
                parameters(run(SIMULATED, SIMULATED, recorded, STEPS, "0.01", "cuda-graph", "on"));
        long few = cuda.launches() - before;
        List<Step> done = new ArrayList<>();
        Map<String, TensorData> plain =
                parameters(run(SIMULATED, "plain", done, STEPS, "0.01", "cuda-graph", "off"));
        long many = cuda.launches() - before - few;
        assertThat(recorded)
                .extracting(Step::loss)
                .isEqualTo(done.stream().map(Step::loss).toList());
        assertThat(graph.keySet()).isEqualTo(plain.keySet());
        graph.forEach(
                (name, tensor) ->
                        assertThat(TinyRun.bits(tensor))
                                .isEqualTo(TinyRun.bits(Objects.requireNonNull(plain.get(name)))));
        System.out.printf(
                "cuda-sim: launches of %d steps, plain %d, recorded %d%n", STEPS, many, few);
        assertThat(few).isLessThan(many / 4);
    }

    @Test
    void aGpuThatIsNotThereIsSaidInALine() {
        assertThatThrownBy(() -> run("cuda:9999", new ArrayList<>(), 1, "0.1"))
                .message()
                .containsIgnoringCase("cuda")
                .doesNotContain("\n");
    }
}
