package athanor.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class BackpropagationTest {
    @Test
    void aTensorUsedTwiceGetsTheSumOfBothGradients() {
        assertThat(gradient(x -> x.add(x), 3, 4)).containsExactly(2, 2);
        assertThat(gradient(x -> x.mul(x), 3, 4)).containsExactly(6, 8);
        assertThat(gradient(x -> x.sub(x), 3, 4)).containsExactly(0, 0);
        assertThat(gradient(x -> x.add(x).add(x).add(x), 3)).containsExactly(4);
        assertThat(gradient(x -> x.mul(x).mul(x), 3)).containsExactly(27);
    }

    @Test
    void aDiamondIsWalkedOnce() {
        assertThat(
                        gradient(
                                x -> {
                                    Tensor top = x.square();
                                    return top.mul(top.add(x));
                                },
                                2))
                .containsExactly(4 * 8 + 3 * 4);
        assertThat(
                        gradient(
                                x -> {
                                    Tensor y = x;
                                    for (int i = 0; i < 60; i++) {
                                        y = y.add(y).mul(0.5);
                                    }
                                    return y;
                                },
                                2))
                .containsExactly(1);
    }

    @Test
    void aLeafThatIsStretchedGetsTheSumOverWhatItWasStretchedTo() {
        Tensor row = Tensor.of(Shape.of(3), 1, 2, 3);
        assertThat(gradient(x -> x.mul(row).add(x.expand(Shape.of(2, 3))).add(x), 5))
                .containsExactly(6 + 6 + 6 + 6);
    }

    @Test
    void bothLeavesOfASumGetAGradientOfTheirOwn() {
        for (boolean inWorkspace : new boolean[] {true, false}) {
            Workspace workspace = inWorkspace ? Workspace.open() : null;
            Tensor a = Tensor.of(Shape.of(2), 1, 2).requireGradient();
            Tensor b = Tensor.of(Shape.of(2), 3, 4).requireGradient();
            Gradients gradients = a.add(b).sum().backward();
            gradientOf(gradients, a).assign(Tensor.of(Shape.of(2), 7, 7));
            assertThat(gradientOf(gradients, b).toDoubles()).containsExactly(1, 1);
            if (workspace != null) {
                workspace.close();
            }
        }
    }

    @Test
    void theUpstreamGradientOfTheCallerIsNotWrittenTo() {
        Tensor x = Tensor.of(Shape.of(2), 1, 2).requireGradient();
        Tensor dy = Tensor.of(Shape.of(2), 10, 20);
        Gradients gradients =
                x.add(x).backward(dy, (_, gradient) -> gradient.assign(gradient.neg()));
        assertThat(gradientOf(gradients, x).toDoubles()).containsExactly(-20, -40);
        assertThat(dy.toDoubles()).containsExactly(10, 20);
    }

    @Test
    void theListenerHearsOnceOfEachLeafTheLastUsedFirst() {
        Tensor first = Tensor.of(Shape.of(1), 2).requireGradient();
        Tensor second = Tensor.of(Shape.of(1), 3).requireGradient();
        Tensor third = Tensor.of(Shape.of(1), 5).requireGradient();
        Tensor y = first.mul(first).mul(second).mul(third).add(second);
        List<Gradients.Leaf> heard = new ArrayList<>();
        List<Double> values = new ArrayList<>();
        Gradients gradients =
                y.sum()
                        .backward(
                                (leaf, gradient) -> {
                                    heard.add(leaf);
                                    values.add(gradient.item());
                                });
        assertThat(heard).containsExactlyInAnyOrder(first.leaf(), second.leaf(), third.leaf());
        assertThat(heard.indexOf(third.leaf())).isLessThan(heard.indexOf(first.leaf()));
        assertThat(heard.indexOf(second.leaf())).isLessThan(heard.indexOf(first.leaf()));
        for (int i = 0; i < 3; i++) {
            Tensor leaf = List.of(first, second, third).get(i);
            assertThat(values.get(heard.indexOf(leaf.leaf())))
                    .isEqualTo(gradientOf(gradients, leaf).item())
                    .isEqualTo(List.of(60.0, 21.0, 12.0).get(i));
        }
    }

    @Test
    void layersAreHeardOfFromTheLastToTheFirst() {
        List<Tensor> weights = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            weights.add(Tensor.of(Shape.of(1), 1 + i).requireGradient());
        }
        Tensor y = Tensor.of(Shape.of(1), 1);
        for (Tensor weight : weights) {
            y = y.mul(weight).tanh();
        }
        List<Gradients.Leaf> heard = new ArrayList<>();
        y.sum().backward((leaf, _) -> heard.add(leaf));
        assertThat(heard).isEqualTo(weights.reversed().stream().map(Tensor::leaf).toList());
    }

    @Test
    void aChainOf100000OperationsIsWalked() {
        Tensor x = Tensor.of(Shape.of(1), 1).requireGradient();
        try (Workspace _ = Workspace.open()) {
            Tensor y = x;
            for (int i = 0; i < 100_000; i++) {
                y = y.neg();
            }
            assertThat(y.tape()).hasSize(100_001);
            assertThat(gradientOf(y.sum().backward(), x).item()).isEqualTo(1);
        }
    }

    @Test
    void aSecondWalkOfTheSameGraphIsRefused() {
        Tensor x = Tensor.of(Shape.of(1), 2).requireGradient();
        Tensor shared = x.square();
        Tensor loss = shared.sum();
        loss.backward();
        assertThatThrownBy(loss::backward)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("already walked")
                .hasMessageContaining("compute the loss anew");
        assertThatThrownBy(() -> shared.exp().backward())
                .hasMessageContaining("behind square")
                .hasMessageContaining("already walked");
    }

    @Test
    void nothingIsRecordedWhereGradientsAreOffOrNotWanted() {
        Tensor x = Tensor.of(Shape.of(1), 2).requireGradient();
        Tensor constant = Tensor.of(Shape.of(1), 2);
        assertThat(GradMode.off(() -> x.square()).requiresGradient()).isFalse();
        assertThat(GradMode.isEnabled()).isTrue();
        assertThat(constant.square().requiresGradient()).isFalse();
        assertThat(constant.square().tape()).isEmpty();
        assertThat(x.greater(constant).requiresGradient()).isFalse();
        assertThat(x.argmax(0).requiresGradient()).isFalse();
        assertThat(x.cast(DType.INT32).requiresGradient()).isFalse();
        assertThat(x.alias().requiresGradient()).isFalse();
        assertThat(x.mul(constant).tape())
                .map(TapeEntry::toString)
                .containsExactly("multiply[1]", "leaf[1]");
    }

    @Test
    void aGradientIsPresentWhereTheLossDependsOnTheLeaf() {
        Tensor x = Tensor.of(Shape.of(1), 2).requireGradient();
        Tensor other = Tensor.of(Shape.of(1), 2).requireGradient();
        Tensor frozen = Tensor.of(Shape.of(1), 3).requireGradient().dropGradient();
        Gradients gradients = x.mul(frozen).sum().backward();
        assertThat(gradientOf(gradients, x).item()).isEqualTo(3);
        assertThat(gradients.of(other)).isEmpty();
        assertThat(gradients.of(frozen)).isEmpty();
    }

    @Test
    void aLeafMayBeTheLoss() {
        Tensor x = Tensor.of(Shape.SCALAR, 2).requireGradient();
        assertThat(gradientOf(x.backward(), x).item()).isEqualTo(1);
    }

    @Test
    void equalsShareTheGradientOfAnExtremumAndTheFirstOfAPoolTakesIt() {
        assertThat(gradient(Tensor::max, 1, 5, 5, 2)).containsExactly(0, 0.5, 0.5, 0);
        assertThat(gradient(x -> x.maximum(x.alias()), 1, 2)).containsExactly(1, 1);
        assertThat(gradient(x -> x.alias().maximum(x), 1, 2)).containsExactly(0, 0);
        assertThat(gradient(x -> x.reshape(1, 2, 2, 1).maxPool(2, 2, 0), 3, 7, 7, 7))
                .containsExactly(0, 1, 0, 0);
    }

    @Test
    void anEmptyBatchFlattensToRowsOfTheFullLength() {
        assertThat(Tensor.zeros(Shape.of(0, 2, 3, 5)).flatten().shape()).isEqualTo(Shape.of(0, 30));
    }

    private static double[] gradient(Function<Tensor, Tensor> function, float... values) {
        Tensor x = Tensor.of(Shape.of(values.length), values).requireGradient();
        double[] free = gradientOf(function.apply(x).sum().backward(), x).toDoubles();
        try (Workspace _ = Workspace.open()) {
            Gradients inWorkspace = function.apply(x).sum().backward();
            assertThat(gradientOf(inWorkspace, x).toDoubles()).isEqualTo(free);
        }
        return free;
    }

    private static Tensor gradientOf(Gradients gradients, Tensor leaf) {
        return gradients.of(leaf).orElseThrow();
    }
}
