package athanor.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.Gradients;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.kernels.parallel.Parallel;
import athanor.nn.io.TensorData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Trainings of a ResNet-8 on shapes10 in bfloat16 and float16, beside those in float32.
class MixedPrecisionTest {
    private static final int STEPS = 20;
    private static final int LAYERS = 8;

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

    private TinyRun run(String name) {
        return new TinyRun(images, temporary.resolve(name));
    }

    private List<Double> losses(TinyRun run, String... changes) {
        List<Double> losses = new ArrayList<>();
        run.prepare(
                        event -> {
                            if (event instanceof TrainingEvent.StepFinished step) {
                                losses.add(step.loss());
                            }
                        },
                        changes)
                .run();
        return losses;
    }

    private static String[] shapes(String amp, String device, int steps, String learningRate) {
        return new String[] {
            "data",
            "shapes10",
            "data-dir",
            "",
            "image-size",
            device.equals("cpu") ? "32" : "16",
            "batch-size",
            device.equals("cpu") ? "32" : "8",
            "amp",
            amp,
            "device",
            device,
            "lr",
            learningRate,
            "max-steps",
            String.valueOf(steps),
            "eval-every",
            "0"
        };
    }

    /// Half the distance from 1 to the next number: what one rounding is off at most.
    private static double roundoff(String amp) {
        return amp.equals("fp16") ? 0x1p-11 : 0x1p-8;
    }

    /// What goes into a layer has been rounded, and its weights have, each by up to u of itself:
    /// behind L layers the logits are off by about `u sqrt(2 L)`, as they are about 1 here, and a
    /// loss by no more than twice that.
    private static double bound(String amp) {
        return 2 * roundoff(amp) * Math.sqrt(2 * LAYERS);
    }

    /// Where a number is within u of 0, a ReLU opens or closes by the rounding, and a term of the
    /// gradient comes or goes as a whole. Of n terms that happens to a few times u n, in each
    /// layer; as they are of either sign, the sum is off by the root of that: `sqrt(4 L u)`.
    private static double gradientBound(String amp) {
        return Math.sqrt(4 * LAYERS * roundoff(amp));
    }

    @ParameterizedTest
    @CsvSource({"bf16, cpu", "fp16, cpu", "bf16, cuda-sim", "fp16, cuda-sim"})
    void twentyStepsFollowFloat32(String amp, String device) {
        List<Double> wanted = losses(run("float32"), shapes("off", device, STEPS, "0.001"));
        List<Double> actual = losses(run("narrow"), shapes(amp, device, STEPS, "0.001"));
        assertThat(actual).hasSize(STEPS);
        double worst = 0;
        for (int i = 0; i < STEPS; i++) {
            worst = Math.max(worst, Math.abs(actual.get(i) - wanted.get(i)));
        }
        System.out.printf("%s on %s: losses of %d steps %.1e off%n", amp, device, STEPS, worst);
        // Some rounding must show, or nothing was computed in 16 bits.
        assertThat(worst).isBetween(roundoff(amp) / 64, bound(amp));
    }

    /// Parameters, running statistics, and the velocities, which are the gradients themselves.
    @ParameterizedTest
    @CsvSource({"bf16, cpu", "fp16, cpu", "bf16, cuda-sim", "fp16, cuda-sim"})
    void oneStepChangesParametersAsInFloat32(String amp, String device) {
        losses(run("float32"), shapes("off", device, 1, "0.1"));
        losses(run("narrow"), shapes(amp, device, 1, "0.1"));
        Map<String, TensorData> wanted = Checkpoint.read(run("float32").last()).tensors();
        Map<String, TensorData> actual = Checkpoint.read(run("narrow").last()).tensors();
        assertThat(actual.keySet()).isEqualTo(wanted.keySet());
        Map<String, Double> distances = new TreeMap<>();
        actual.forEach(
                (name, data) ->
                        distances.put(
                                name,
                                distance(
                                        Objects.requireNonNull(wanted.get(name)).floats(),
                                        data.floats())));
        double worst = distances.values().stream().mapToDouble(d -> d).max().orElseThrow();
        System.out.printf("%s on %s: after one step %.1e off%n", amp, device, worst);
        assertThat(worst).isBetween(roundoff(amp) / 64, gradientBound(amp));
    }

    /// The length of the difference, relative to that of the tensor.
    private static double distance(float[] wanted, float[] actual) {
        double difference = 0;
        double length = Double.MIN_NORMAL;
        for (int i = 0; i < wanted.length; i++) {
            difference += Math.pow((double) actual[i] - wanted[i], 2);
            length += (double) wanted[i] * wanted[i];
        }
        return Math.sqrt(difference / length);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bf16", "fp16"})
    void theNumberOfThreadsChangesNoBit(String amp) {
        TinyRun one = run("one");
        TinyRun two = run("two");
        one.train("amp", amp, "max-steps", "4", "threads", "1");
        two.train("amp", amp, "max-steps", "4", "threads", "2");
        assertThat(TinyRun.tensors(two.last())).isEqualTo(TinyRun.tensors(one.last()));
    }

    /// A checkpoint says the scale was 2^40: too much for float16, whose gradients become infinite.
    @ParameterizedTest
    @ValueSource(strings = {"cpu", "cuda-sim"})
    void whereAGradientOverflowsTheStepIsLeftOutAndTheScaleHalved(String device) {
        TinyRun run = run("run");
        String[] settings = {
            "amp",
            "fp16",
            "checkpoint-every",
            "1",
            "eval-every",
            "0",
            "image-size",
            "16",
            "device",
            device
        };
        run.train(with(settings, "max-steps", "2"));
        Checkpoint good = Checkpoint.read(run.last());
        assertThat(good.progress().lossScale()).isEqualTo(new LossScale(65536, 2));
        assertThat(good.optimizerSteps()).isEqualTo(2);
        double tooMuch = 0x1p40;
        new Checkpoint(
                        good.settings(),
                        good.spec(),
                        good.classNames(),
                        good.progress().with(new LossScale(tooMuch, 1999)),
                        good.optimizerSteps(),
                        good.tensors())
                .write(run.last());

        run.train(with(settings, "resume", "auto", "max-steps", "3"));
        Checkpoint after = Checkpoint.read(run.last());
        assertThat(after.progress().step()).isEqualTo(3);
        assertThat(after.progress().lossScale()).isEqualTo(new LossScale(tooMuch / 2, 0));
        assertThat(after.optimizerSteps()).isEqualTo(2);
        after.tensors()
                .forEach(
                        (name, data) -> {
                            for (float value : data.floats()) {
                                assertThat(value).as(name).isFinite();
                            }
                            if (!name.contains("running")) {
                                assertThat(TinyRun.bits(data))
                                        .as(name)
                                        .isEqualTo(
                                                TinyRun.bits(
                                                        Objects.requireNonNull(
                                                                good.tensors().get(name))));
                            }
                        });

        TrainingRun on = run.prepare(event -> {}, with(settings, "resume", "auto", "epochs", "9"));
        TrainingEvent.Finished finished = on.run();
        Checkpoint later = Checkpoint.read(run.last());
        double scale = later.progress().lossScale().factor();
        assertThat(scale).isLessThan(tooMuch / 1024).isGreaterThan(1024);
        assertThat(on.stepsLeftOut(finished))
                .isEqualTo(Math.round(Math.log(tooMuch / scale) / Math.log(2)));
        assertThat(later.optimizerSteps()).isGreaterThan(10);
    }

    private static String[] with(String[] settings, String... more) {
        List<String> all = new ArrayList<>(List.of(settings));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    @Test
    void theScaleIsThatOfPyTorch() {
        Settings fp16 = Settings.initial().with(Setting.AMP, "fp16");
        LossScale scale = LossScale.of(fp16, LossScale.NONE);
        assertThat(scale).isEqualTo(new LossScale(65536, 0));
        for (int i = 1; i < 2000; i++) {
            scale = scale.after(true);
            assertThat(scale).isEqualTo(new LossScale(65536, i));
        }
        assertThat(scale.after(true)).isEqualTo(new LossScale(131072, 0));
        assertThat(scale.after(false)).isEqualTo(new LossScale(32768, 0));
        assertThat(LossScale.of(fp16, scale)).isEqualTo(scale);
        for (String other : new String[] {"off", "bf16"}) {
            Settings settings = Settings.initial().with(Setting.AMP, other);
            assertThat(LossScale.of(settings, scale)).isEqualTo(LossScale.NONE);
        }
        assertThat(LossScale.NONE.after(true)).isEqualTo(LossScale.NONE);
        LossScale least = new LossScale(1.0 / 2048, 5);
        assertThatThrownBy(() -> least.after(false))
                .isInstanceOf(TrainingProblem.class)
                .hasMessageContaining("--amp bf16")
                .message()
                .doesNotContain("\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"cpu", "cuda-sim"})
    void gradientsAreDividedByTheScaleAndLookedThrough(String device) {
        Backend backend = Backend.of(device);
        for (double odd :
                new double[] {3, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN}) {
            Tensor a = leaf(backend, 5, 1);
            Tensor b = leaf(backend, 7, 2);
            float[] values = {1, 2, 3, 4, 5, 6, (float) odd};
            Tensor u = Tensor.of(backend, Shape.of(7), HostBuffer.of(values));
            LossScale scale = new LossScale(1024, 0);
            Gradients gradients = scale.of(a.sum().add(b.mul(u).sum())).backward();
            assertThat(scale.unscale(gradients)).isEqualTo(odd == 3);
            assertThat(gradients.of(a).orElseThrow().toFloats()).containsOnly(1);
            assertThat(gradients.of(b).orElseThrow().toDoubles()).endsWith(5, 6, odd);
        }
    }

    private static Tensor leaf(Backend backend, int n, double value) {
        return Tensor.full(backend, DType.FLOAT32, Shape.of(n), value).requireGradient();
    }
}
