package athanor.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import athanor.engine.Backend;
import athanor.engine.Conv2dOptions;
import athanor.engine.DType;
import athanor.engine.GradMode;
import athanor.engine.HostBuffer;
import athanor.engine.Randomness;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.kernels.random.PhiloxKey;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class LayersTest {
    private static final PhiloxKey KEY = PhiloxKey.of(7);

    private static Tensor uniform(int... dims) {
        return Tensor.uniform(Backend.cpu(), DType.FLOAT32, Shape.of(dims), KEY);
    }

    private static void set(Module module, String name, float... values) {
        module.parameter(name).assign(HostBuffer.of(values));
    }

    private static float[] get(Module module, String name) {
        return module.parameter(name).tensor().toFloats();
    }

    @Test
    void linearMultipliesByTheTransposedWeightAndAddsTheBias() {
        Linear layer = new Linear(3, 2);
        set(layer, "weight", 1, 2, 3, 4, 5, 6);
        set(layer, "bias", 10, 20);
        Tensor y = layer.forward(Tensor.of(Shape.of(1, 3), 1, 0, -1));
        assertThat(y.toFloats()).containsExactly(8, 18);
    }

    @Test
    void convolutionAddsItsBiasToEachChannel() {
        Conv2d layer = new Conv2d(1, 2, 1, Conv2dOptions.DEFAULT);
        set(layer, "weight", 2, 3);
        set(layer, "bias", 10, 20);
        Tensor y = layer.forward(Tensor.of(Shape.of(1, 1, 2, 1), 1, 5));
        assertThat(y.toFloats()).containsExactly(12, 23, 20, 35);
    }

    @Test
    void filtersOfAGroupedConvolutionTakeTheirGroupAlone() {
        Conv2d layer = new Conv2d(6, 4, 3, Conv2dOptions.DEFAULT.groups(2));
        assertThat(layer.parameter("weight").shape()).isEqualTo(Shape.of(4, 3, 3, 3));
    }

    @Test
    void batchNormTrainsWithTheMomentsOfTheBatchAndRemembersThem() {
        BatchNorm2d norm = new BatchNorm2d(1);
        norm.initialize(KEY);
        set(norm, "weight", 2);
        set(norm, "bias", 1);
        // mean 4, variance 5 (divided by 4), 20/3 (divided by 3)
        Tensor x = Tensor.of(Shape.of(4, 1, 1, 1), 1, 3, 5, 7);
        float[] y = norm.forward(x).toFloats();
        double deviation = Math.sqrt(5 + 1e-5);
        for (int i = 0; i < 4; i++) {
            assertThat((double) y[i]).isCloseTo(2 * (2 * i - 3) / deviation + 1, within(1e-6));
        }
        assertThat(get(norm, "running_mean")[0]).isCloseTo(0.4f, within(1e-6f));
        assertThat(get(norm, "running_var")[0]).isCloseTo(0.9f + 2 / 3f, within(1e-6f));
    }

    @Test
    void batchNormEvaluatesWithTheRunningMomentsAndLeavesThem() {
        BatchNorm2d norm = new BatchNorm2d(1);
        norm.initialize(KEY);
        set(norm, "running_mean", 3);
        set(norm, "running_var", 4);
        norm.train(false);
        Tensor y = norm.forward(Tensor.of(Shape.of(1, 1, 2, 1), 3, 7));
        assertThat(y.toFloats()[0]).isZero();
        assertThat(y.toFloats()[1]).isCloseTo(2, within(1e-5f));
        assertThat(get(norm, "running_mean")).containsExactly(3);
        assertThat(get(norm, "running_var")).containsExactly(4);
    }

    @Test
    void normBehindAConvolutionIsTheSameAsOneAfterTheOther() {
        for (boolean training : new boolean[] {true, false}) {
            for (boolean bias : new boolean[] {true, false}) {
                Initializer normal = Initializer.normal(0, 1);
                Conv2dOptions padded = Conv2dOptions.DEFAULT.padding(1);
                Conv2d conv = new Conv2d(3, 5, 3, padded, bias, normal);
                BatchNorm2d norm = new BatchNorm2d(5);
                Sequential both = new Sequential(conv, norm);
                both.initialize(KEY);
                set(norm, "weight", 0.5f, -1, 0.1f, -0.3f, 0.9f);
                both.train(training);
                Tensor x = uniform(2, 4, 4, 3);
                Tensor shortcut = uniform(2, 4, 4, 5);
                Tensor plain = both.forward(x);
                float[] mean = get(both, "1.running_mean");
                both.initialize(KEY);
                set(norm, "weight", 0.5f, -1, 0.1f, -0.3f, 0.9f);
                assertClose(norm.of(conv, x), plain);
                assertThat(get(both, "1.running_mean")).containsExactly(mean, within(1e-6f));
                assertClose(norm.relu(conv, x), plain.relu());
                assertClose(norm.addRelu(conv, x, shortcut), plain.add(shortcut).relu());
            }
        }
    }

    @Test
    void dropoutDropsInTrainingAloneAndFollowsItsKey() {
        Dropout dropout = new Dropout(0.5);
        Tensor x = uniform(100).add(1);
        float[] once = Randomness.with(KEY, () -> dropout.forward(x)).toFloats();
        float[] again = Randomness.with(KEY, () -> dropout.forward(x)).toFloats();
        assertThat(again).isEqualTo(once);
        assertThat(once).contains(0f).isNotEqualTo(new float[100]);
        dropout.train(false);
        assertThat(dropout.forward(x)).isSameAs(x);
    }

    @Test
    void poolsActivationsAndNormsDoWhatTheirNamesSay() {
        Tensor x = Tensor.of(Shape.of(1, 2, 2, 1), -1, 2, 3, 8);
        assertThat(new MaxPool2d(2, 2, 0).forward(x).item()).isEqualTo(8);
        assertThat(new AveragePool2d(2, 2, 0).forward(x).item()).isEqualTo(3);
        assertThat(new AdaptiveAveragePool2d(1, 1).forward(x).item()).isEqualTo(3);
        assertThat(new AdaptiveMaxPool2d(1, 1).forward(x).item()).isEqualTo(8);
        assertThat(Activation.relu().forward(x).toFloats()).containsExactly(0, 2, 3, 8);
        assertThat(Activation.tanh().forward(x).toDoubles()[0])
                .isCloseTo(Math.tanh(-1), within(1e-6));
        assertThat(Activation.sigmoid().forward(x).toDoubles()[0])
                .isCloseTo(1 / (1 + Math.E), within(1e-6));
        assertThat(Activation.silu().forward(x).toDoubles()[0])
                .isCloseTo(-1 / (1 + Math.E), within(1e-6));
        assertThat(Activation.gelu().forward(x).toDoubles()[0]).isCloseTo(-0.158655, within(1e-3));
        assertThat(new Flatten().forward(x).shape()).isEqualTo(Shape.of(1, 4));
        LayerNorm norm = new LayerNorm(2);
        norm.initialize(KEY);
        assertThat(norm.forward(Tensor.of(Shape.of(1, 2), 1, 3)).toFloats())
                .containsExactly(new float[] {-1, 1}, within(1e-4f));
        double scale = Math.pow(2 + 0.5 * 9, -1);
        assertThat(new LocalResponseNorm(1, 0.5, 1, 2).forward(Tensor.of(Shape.of(1, 1), 3)).item())
                .isCloseTo(3 * scale, within(1e-6));
    }

    @Test
    void residualAddsItsInput() {
        Residual residual = new Residual(new Activation("Double", x -> x.mul(2)));
        assertThat(residual.forward(Tensor.of(Shape.of(2), 1, 5)).toFloats())
                .containsExactly(3, 15);
    }

    @Test
    void sequentialKeepsItsInputAndGivesBackWhatLiesBetween() {
        Module[] layers = new Module[8];
        for (int i = 0; i < layers.length; i++) {
            layers[i] = i % 2 == 0 ? new Dropout(0.5) : new Activation("Double", x -> x.mul(2));
        }
        Sequential sequential = new Sequential(layers);
        sequential.train(false);
        try (Workspace _ = Workspace.open()) {
            Tensor x = uniform(1000);
            Backend.cpu().memory().resetPeak();
            long before = Backend.cpu().memory().live();
            Tensor y = GradMode.off(() -> sequential.forward(x));
            assertThat(y.toFloats()[17]).isEqualTo(16 * x.toFloats()[17]);
            assertThat(Backend.cpu().memory().live() - before).isLessThan(2 * 4000);
            assertThat(Backend.cpu().memory().peak() - before).isLessThan(3 * 4000);
        }
    }

    @Test
    void layersThatRunTogetherGiveWhatTheyGiveAlone() {
        for (int count = 2; count <= 3; count++) {
            Conv2dOptions padded = Conv2dOptions.DEFAULT.padding(1);
            Conv2d conv = new Conv2d(3, 20, 3, padded);
            MaxPool2d pool = new MaxPool2d(3, 2, 1);
            Module[] layers = {conv, Activation.relu(), pool};
            Sequential together = new Sequential(Arrays.copyOf(layers, count));
            together.initialize(KEY);
            Tensor x = uniform(2, 9, 9, 3).sub(0.5).requireGradient();
            Tensor alone = conv.forward(x).relu();
            alone = count == 3 ? pool.forward(alone) : alone;
            Tensor y = together.forward(x);
            assertThat(y.toFloats()).isEqualTo(alone.toFloats());
            assertThat(y.toFloats()).contains(0f);
            Tensor weights = uniform(y.shape().dims());
            assertThat(gradient(y.mul(weights), x)).isEqualTo(gradient(alone.mul(weights), x));
        }
    }

    private static float[] gradient(Tensor y, Tensor x) {
        return y.sum().backward().of(x).orElseThrow().toFloats();
    }

    @Test
    void crossEntropyTakesLabelsOrTheSameAsSoftTargets() {
        Tensor logits = uniform(2, 3);
        Tensor labels = Tensor.of(Backend.cpu(), Shape.of(2), HostBuffer.of(new int[] {2, 0}));
        Tensor targets = Tensor.of(Shape.of(2, 3), 0, 0, 1, 1, 0, 0);
        for (double smoothing : new double[] {0, 0.1}) {
            Loss loss = Loss.crossEntropy(smoothing);
            assertThat(loss.of(logits, labels).item())
                    .isCloseTo(loss.of(logits, targets).item(), within(1e-6));
        }
        assertThat(Loss.crossEntropy(0.1).of(logits, labels).item())
                .isNotEqualTo(Loss.crossEntropy(0).of(logits, labels).item());
        Tensor a = Tensor.of(Shape.of(2), 1, 5);
        assertThat(Loss.meanSquaredError().of(a, Tensor.of(Shape.of(2), 2, 2)).item()).isEqualTo(5);
    }

    private static void assertClose(Tensor actual, Tensor expected) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        assertThat(actual.toFloats()).containsExactly(expected.toFloats(), within(1e-5f));
    }
}
