package athanor.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.Gradients;
import athanor.engine.HostBuffer;
import athanor.engine.Randomness;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Module;
import athanor.nn.StochasticDepth;
import athanor.nn.model.Models;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RegularizationTest {
    @TempDir private Path temporary;

    private TinyRun run(String name) throws IOException {
        Path images = temporary.resolve("images");
        if (!images.toFile().exists()) {
            TinyRun.draw(images);
        }
        return new TinyRun(images, temporary.resolve(name));
    }

    private static float[] values(Path checkpoint, String name) {
        return Optional.ofNullable(Checkpoint.read(checkpoint).tensors().get(name))
                .orElseThrow()
                .floats();
    }

    // ---- the gradient ----

    /// The accumulated batch against the whole one, of a network without batch norm.
    @Test
    void partsOfABatchAddUpToTheWhole() throws IOException {
        String[] settings = {
            "model", "cnn", "lr", "0.01", "max-steps", "3", "batch-size", "13", "mixup", "1"
        };
        TinyRun whole = run("whole");
        TinyRun parts = run("parts");
        whole.train(settings);
        String[] more = java.util.Arrays.copyOf(settings, settings.length + 2);
        more[settings.length] = "accumulate";
        more[settings.length + 1] = "3";
        parts.train(more);
        for (String name : Checkpoint.read(whole.last()).tensors().keySet()) {
            assertThat(values(parts.last(), name))
                    .as(name)
                    .containsExactly(values(whole.last(), name), within(1e-6f));
        }
        assertThat(values(parts.last(), "0.weight")).isNotEqualTo(values(whole.last(), "0.weight"));
    }

    /// By hand: the gradient is (3, 4) and (12), of length 13.
    @Test
    void theGradientOfAllParametersIsShortenedTogether() {
        Tensor a = Tensor.of(Shape.of(2), 0, 0).requireGradient();
        Tensor b = Tensor.of(Shape.of(1), 0).requireGradient();
        try (Workspace _ = Workspace.open()) {
            Tensor loss = a.mul(Tensor.of(Shape.of(2), 3, 4)).sum().add(b.mul(12).sum());
            Gradients gradients = loss.backward();
            assertThat(gradients.norm()).isEqualTo(13, within(1e-6));
            Optimizer sgd =
                    Optimizer.sgd(Map.of("a", a, "b", b), 0, false, Optimizer.Shares.equal(0));
            new Update(sgd, 2.6, Optional.empty(), 0, Optional.empty(), 0, 1)
                    .step(gradients, new Schedule.Rate(1, java.util.OptionalDouble.empty()));
        }
        assertThat(a.toFloats()).containsExactly(new float[] {-0.6f, -0.8f}, within(1e-5f));
        assertThat(b.toFloats()).containsExactly(new float[] {-2.4f}, within(1e-5f));
    }

    /// Without a gradient only decay moves a parameter.
    @Test
    void normsAndBiasesMayBeLeftOutOfTheDecayAndHaveARateOfTheirOwn() {
        Tensor weight = Tensor.of(Shape.of(1, 1), 1).requireGradient();
        Tensor bias = Tensor.of(Shape.of(1), 1).requireGradient();
        Map<String, Tensor> all = Map.of("conv.weight", weight, "norm.bias", bias);
        Settings settings = Settings.initial().with(Setting.WEIGHT_DECAY, "0.5");
        step(settings, all);
        assertThat(weight.toFloats()).containsExactly(0.95f);
        assertThat(bias.toFloats()).containsExactly(0.95f);
        step(settings.with(Setting.DECAY_NORMS, "off"), all);
        assertThat(weight.toFloats()[0]).isEqualTo(0.9025f, within(1e-6f));
        assertThat(bias.toFloats()).containsExactly(0.95f);
        // 64 times the rate, but the same decay.
        step(settings.with(Setting.NORM_BIAS_RATE, "64"), all);
        assertThat(bias.toFloats()[0]).isEqualTo(0.9025f, within(1e-6f));
    }

    private static void step(Settings settings, Map<String, Tensor> parameters) {
        try (Workspace _ = Workspace.open()) {
            Tensor loss =
                    parameters.values().stream()
                            .map(p -> p.mul(0).sum())
                            .reduce(Tensor::add)
                            .orElseThrow();
            Optimizer.of(settings, parameters, Set.of("norm.bias"))
                    .step(
                            loss.backward(),
                            new Schedule.Rate(0.1, java.util.OptionalDouble.empty()));
        }
    }

    // ---- averages ----

    @Test
    void theMovingAverageIsEvaluatedKeptAndResumed() throws IOException {
        String[] settings = {"ema", "0.5", "checkpoint-every", "4"};
        TinyRun whole = run("whole");
        TrainingEvent.Finished finished = whole.train(settings);
        String name = "conv1.weight";
        assertThat(values(whole.last(), "state.ema." + name))
                .isNotEqualTo(values(whole.last(), name));
        // What eval measures is the average, too.
        Module model = Checkpoint.read(whole.last()).model();
        model.to(Backend.cpu(), DType.FLOAT32);
        Settings all = whole.settings(settings);
        Evaluation evaluation =
                new Evaluator(
                                TrainingRun.testLoader(
                                        all,
                                        TrainingRun.dataset(all, athanor.train.data.Split.TEST)),
                                Backend.cpu(),
                                TestTime.NONE)
                        .evaluate(model, _ -> {});
        Evaluation during = finished.last().orElseThrow().test().orElseThrow();
        assertThat(evaluation.loss()).isEqualTo(during.loss());
        assertThat(model.parameter(name).tensor().toFloats())
                .isEqualTo(values(whole.last(), "state.ema." + name));
        // The average has no influence on the weights.
        TinyRun without = run("without");
        without.train();
        assertThat(values(whole.last(), name)).isEqualTo(values(without.last(), name));

        TinyRun cut = run("cut");
        cut.train("ema", "0.5", "checkpoint-every", "4", "max-steps", "8");
        cut.train("ema", "0.5", "checkpoint-every", "4", "resume", "auto");
        assertThat(TinyRun.tensors(cut.last())).isEqualTo(TinyRun.tensors(whole.last()));
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> cut.train("resume", "auto"))
                .isInstanceOf(TrainingProblem.class)
                .hasMessageContaining("resume with the --ema and --lookahead that wrote it");
    }

    /// A weight that goes 1, 2, 3, ... and is set back after steps 5 and 10.
    @Test
    void lookaheadSetsTheWeightsBackToSlowOnes() {
        Module model = Models.create("cnn", 2, 1, 10, Optional.empty());
        model.initialize(PhiloxKey.of(1));
        Tensor bias = model.parameter("9.bias").tensor();
        set(bias, 0);
        WeightAverage slow = new WeightAverage(model);
        double decay = Math.pow(0.5, 5);
        set(bias, 5);
        slow.lead(0.5, 5, 10);
        double expected = 5 * (1 - decay / 8);
        assertThat(bias.toFloats()[0]).isEqualTo((float) expected, within(1e-5f));
        set(bias, 7);
        slow.lead(0.5, 6, 10);
        assertThat(bias.toFloats()[0]).isEqualTo(7);
        slow.lead(0.5, 10, 10);
        assertThat(bias.toFloats()[0]).isEqualTo((float) expected, within(1e-5f));
    }

    private static void set(Tensor x, float value) {
        x.assign(Tensor.full(x.backend(), x.dtype(), x.shape(), value));
    }

    // ---- mixing ----

    private static final Tensor IMAGES =
            Tensor.of(Shape.of(3, 2, 2, 1), 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4);
    private static final Tensor LABELS =
            Tensor.of(Backend.cpu(), Shape.of(3), HostBuffer.of(new int[] {0, 1, 3}));

    /// The share of an image's own label is that of its own pixels.
    private static void assertShares(Mixing.Mixed mixed, int width) {
        float[] targets = mixed.targets().toFloats();
        float share = targets[0];
        assertThat(targets)
                .containsExactly(
                        new float[] {
                            share, 0, 0, 1 - share, 1 - share, share, 0, 0, 0, 1 - share, 0, share
                        },
                        within(1e-6f));
        assertThat(share).isBetween(0f, 1f);
        float[] pixels = mixed.images().toFloats();
        float[] means = new float[3];
        for (int i = 0; i < pixels.length; i++) {
            means[i / width] += pixels[i] / width;
        }
        assertThat(means)
                .containsExactly(
                        new float[] {
                            share + 4 * (1 - share),
                            2 * share + (1 - share),
                            4 * share + 2 * (1 - share)
                        },
                        within(1e-4f));
    }

    @Test
    void mixupAndCutmixMixImagesAndTargetsByTheSameShare() {
        Tensor large =
                IMAGES.expand(Shape.of(3, 2, 2, 1))
                        .reshape(3, 4, 1, 1)
                        .expand(Shape.of(3, 4, 5, 1));
        int cut = 0;
        for (int i = 0; i < 50; i++) {
            PhiloxKey key = PhiloxKey.of(i);
            assertShares(new Mixing(0.4, 0).mix(IMAGES, LABELS, 4, key), 4);
            Mixing.Mixed mixed = new Mixing(0, 1).mix(large, LABELS, 4, key);
            assertShares(mixed, 20);
            // Every pixel is of one image or the other.
            for (float pixel : mixed.images().toFloats()) {
                assertThat(pixel).isIn(1f, 2f, 4f);
            }
            cut += mixed.targets().toFloats()[0] < 1 ? 1 : 0;
            assertThat(new Mixing(0, 1).mix(large, LABELS, 4, key).images().toFloats())
                    .isEqualTo(mixed.images().toFloats());
        }
        assertThat(cut).isGreaterThan(25);
    }

    /// Mean 1/2 and variance 1 / (4 (2a + 1)).
    @Test
    void sharesAreOfTheBetaDistribution() {
        for (double a : new double[] {0.2, 1, 3}) {
            double sum = 0;
            double squares = 0;
            int count = 4000;
            for (int i = 0; i < count; i++) {
                double x = Mixing.beta(a, PhiloxKey.of(9).derive(i));
                sum += x;
                squares += (x - 0.5) * (x - 0.5);
            }
            assertThat(sum / count).isEqualTo(0.5, within(0.02));
            assertThat(squares / count).isEqualTo(1 / (4 * (2 * a + 1)), within(0.01));
        }
    }

    // ---- the network ----

    @Test
    void stochasticDepthLeavesOutWholeBranchesAndKeepsTheirExpectation() {
        Module model = Models.create("resnet8", 10, 3, 32, Optional.empty());
        StochasticDepth.set(model, 0.5);
        StochasticDepth last =
                (StochasticDepth)
                        java.util.Objects.requireNonNull(model.modules().get("layer3.0.depth"));
        Tensor x = Tensor.full(Backend.cpu(), DType.FLOAT32, Shape.of(1000, 1, 2, 2), 1);
        float[] y = Randomness.with(PhiloxKey.of(2), () -> last.forward(x)).toFloats();
        int kept = 0;
        for (int i = 0; i < 1000; i++) {
            assertThat(y[4 * i]).isIn(0f, 2f).isEqualTo(y[4 * i + 3]);
            kept += y[4 * i] > 0 ? 1 : 0;
        }
        assertThat(kept).isBetween(440, 560);
        model.train(false);
        assertThat(last.forward(x).toFloats()).containsOnly(1);
    }

    @Test
    void everyOneOfThemTrainsOnAndIsTheSameOnOneThreadAndTwo() throws IOException {
        String[] settings = {
            "mixup", "0.2", "cutmix", "1", "drop-path", "0.3", "zero-init-residual", "on",
            "ema", "0.9", "lookahead", "0.95", "clip-grad-norm", "1", "accumulate", "2",
            "decay-norms", "off", "weight-decay", "1e-3", "label-smoothing", "0.1", "tta", "crops",
            "threads", "1", "workers", "0"
        };
        TinyRun one = run("one");
        one.train(settings);
        settings[settings.length - 3] = "2";
        settings[settings.length - 1] = "2";
        run("two").train(settings);
        assertThat(TinyRun.tensors(run("two").last())).isEqualTo(TinyRun.tensors(one.last()));
        assertThat(run("two").log("metrics.jsonl")).isEqualTo(one.log("metrics.jsonl"));
    }

    // ---- evaluation ----

    @Test
    void viewsAreMirroredAndMoved() {
        float[] image = {1, 2, 3, 4, 5, 6, 7, 8, 9};
        assertThat(TestTime.of(new TestTime.View(true, 0, 1), image, 1, 3, 3, 1))
                .containsExactly(3, 2, 1, 6, 5, 4, 9, 8, 7);
        assertThat(TestTime.of(new TestTime.View(false, 1, 1), image, 1, 3, 3, 1))
                .containsExactly(5, 4, 5, 2, 1, 2, 5, 4, 5);
        assertThat(TestTime.of(new TestTime.View(true, -1, 1), image, 1, 3, 3, 1))
                .containsExactly(5, 4, 5, 8, 7, 8, 5, 4, 5);
        for (TestTime views : TestTime.values()) {
            assertThat(views.views().stream().mapToDouble(TestTime.View::weight).sum())
                    .isEqualTo(1);
        }
    }
}
