package athanor.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.Gradients;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.kernels.random.PhiloxKey;
import java.util.List;
import org.junit.jupiter.api.Test;

class ModuleTest {
    private static final class Perceptron extends Module {
        private final Linear hidden = child("hidden", new Linear(6, 4));
        private final BatchNorm2d norm = child("norm", new BatchNorm2d(4));
        private final Linear output = child("output", new Linear(4, 3));

        @Override
        protected Tensor compute(Tensor x) {
            return output.forward(norm.forward(hidden.forward(x)).relu());
        }
    }

    private static Perceptron perceptron(long seed) {
        Perceptron model = new Perceptron();
        model.initialize(PhiloxKey.of(seed));
        return model;
    }

    @Test
    void namesAreJoinedByDotsInOrderOfRegistration() {
        assertThat(new Perceptron().parameters().keySet())
                .containsExactly(
                        "hidden.weight",
                        "hidden.bias",
                        "norm.weight",
                        "norm.bias",
                        "output.weight",
                        "output.bias");
        assertThat(new Perceptron().buffers().keySet())
                .containsExactly("norm.running_mean", "norm.running_var");
        assertThat(new Perceptron().modules().keySet())
                .containsExactly("", "hidden", "norm", "output");
        assertThat(new Perceptron().parameterCount()).isEqualTo(6 * 4 + 4 + 8 + 4 * 3 + 3);
    }

    @Test
    void aNameIsUsedOnceAndHasNoDots() {
        final class Twice extends Module {
            Twice(String first, String second) {
                child(first, new Flatten());
                child(second, new Flatten());
            }

            @Override
            protected Tensor compute(Tensor x) {
                return x;
            }
        }
        assertThatThrownBy(() -> new Twice("a", "a")).hasMessageContaining("named 'a' already");
        assertThatThrownBy(() -> new Twice("a", "b.c")).hasMessageContaining("'b.c'");
    }

    @Test
    void anUnknownNameIsNamed() {
        assertThatThrownBy(() -> new Perceptron().parameter("fc.weight"))
                .hasMessageContaining("no parameter or buffer 'fc.weight'");
    }

    @Test
    void aModelWithoutValuesSaysHowToGetThem() {
        assertThatThrownBy(() -> new Linear(2, 3).forward(Tensor.zeros(Shape.of(1, 2))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("[3, 2] has no values yet; call initialize");
    }

    @Test
    void firstValuesDependOnKeyAndNameAlone() {
        float[] once = perceptron(1).hidden.parameter("weight").tensor().toFloats();
        float[] again = perceptron(1).hidden.parameter("weight").tensor().toFloats();
        float[] other = perceptron(2).hidden.parameter("weight").tensor().toFloats();
        assertThat(again).isEqualTo(once);
        assertThat(other).isNotEqualTo(once);
        Sequential twins = new Sequential(new Linear(6, 4), new Linear(6, 4));
        twins.initialize(PhiloxKey.of(1));
        assertThat(values(twins, "0.weight")).isNotEqualTo(values(twins, "1.weight"));
    }

    @Test
    void initializingAgainKeepsTheTensorAndResetsBuffers() {
        Perceptron model = perceptron(1);
        Tensor weight = model.parameter("hidden.weight").tensor();
        float[] first = weight.toFloats();
        model.forward(Tensor.uniform(Backend.cpu(), DType.FLOAT32, Shape.of(5, 6), KEY));
        assertThat(values(model, "norm.running_mean")).isNotEqualTo(new float[4]);
        weight.assign(weight.mul(2));
        model.initialize(PhiloxKey.of(1));
        assertThat(model.parameter("hidden.weight").tensor()).isSameAs(weight);
        assertThat(weight.toFloats()).isEqualTo(first);
        assertThat(values(model, "norm.running_mean")).isEqualTo(new float[4]);
    }

    @Test
    void aFrozenLayerGetsNoGradientAndAnUnfrozenOneDoes() {
        Perceptron model = perceptron(1);
        Tensor x = Tensor.uniform(Backend.cpu(), DType.FLOAT32, Shape.of(5, 6), KEY);
        model.hidden.freeze();
        Gradients gradients = model.forward(x).square().sum().backward();
        Parameter frozen = model.parameter("hidden.weight");
        assertThat(frozen.isFrozen()).isTrue();
        assertThat(frozen.tensor().requiresGradient()).isFalse();
        assertThat(gradients.of(model.parameter("output.weight").tensor()).orElseThrow().shape())
                .isEqualTo(Shape.of(3, 4));
        model.unfreeze();
        assertThat(
                        model.forward(x)
                                .square()
                                .sum()
                                .backward()
                                .of(frozen.tensor())
                                .orElseThrow()
                                .shape())
                .isEqualTo(Shape.of(4, 6));
        assertThat(model.parameter("norm.running_mean").tensor().requiresGradient()).isFalse();
    }

    @Test
    void frozenBeforeItHasValuesStaysFrozen() {
        Linear layer = new Linear(2, 2);
        layer.freeze();
        layer.initialize(PhiloxKey.of(0));
        assertThat(layer.parameter("weight").tensor().requiresGradient()).isFalse();
    }

    @Test
    void movingChangesBackendAndTypeAndKeepsValues() {
        for (boolean early : List.of(true, false)) {
            Linear layer = new Linear(3, 2);
            if (early) {
                layer.to(Backend.reference(), DType.FLOAT64);
            }
            layer.initialize(PhiloxKey.of(3));
            layer.to(Backend.reference(), DType.FLOAT64);
            Tensor weight = layer.parameter("weight").tensor();
            assertThat(weight.dtype()).isEqualTo(DType.FLOAT64);
            assertThat(weight.backend()).isSameAs(Backend.reference());
            assertThat(weight.requiresGradient()).isTrue();
            Linear plain = new Linear(3, 2);
            plain.initialize(PhiloxKey.of(3));
            float[] expected = values(plain, "weight");
            for (int i = 0; i < expected.length; i++) {
                assertThat(weight.toDoubles()[i]).isEqualTo(expected[i]);
            }
        }
    }

    @Test
    void modeReachesAllLayers() {
        Perceptron model = new Perceptron();
        assertThat(model.norm.isTraining()).isTrue();
        model.train(false);
        assertThat(model.norm.isTraining()).isFalse();
        model.train(true);
        assertThat(model.norm.isTraining()).isTrue();
    }

    private static final PhiloxKey KEY = PhiloxKey.of(99);

    private static float[] values(Module model, String name) {
        return model.parameter(name).tensor().toFloats();
    }
}
