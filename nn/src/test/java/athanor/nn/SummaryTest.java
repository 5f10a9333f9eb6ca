package athanor.nn;

import static org.assertj.core.api.Assertions.assertThat;

import athanor.engine.Shape;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.model.SmallCnn;
import java.util.List;
import org.junit.jupiter.api.Test;

class SummaryTest {
    @Test
    void layersStandInOrderWithTheirCosts() {
        Sequential model = SmallCnn.of(1, 28, 10);
        model.initialize(PhiloxKey.of(0));
        model.children().getOrDefault("1", model).train(false);
        List<Boolean> modes = model.modules().values().stream().map(Module::isTraining).toList();
        Summary summary = Summary.of(model, Shape.of(28, 28, 1));
        assertThat(summary.layers())
                .extracting(Summary.Layer::kind)
                .containsExactly(
                        "Conv2d",
                        "ReLU",
                        "MaxPool2d",
                        "Conv2d",
                        "ReLU",
                        "MaxPool2d",
                        "Flatten",
                        "Linear",
                        "ReLU",
                        "Linear");
        Summary.Layer second = summary.layers().get(3);
        assertThat(second)
                .isEqualTo(
                        new Summary.Layer(
                                "3",
                                "Conv2d",
                                Shape.of(1, 11, 11, 64),
                                64 * 9 * 32 + 64,
                                11 * 11 * 64 * 9 * 32,
                                4 * 11 * 11 * 64));
        assertThat(summary.parameters()).isEqualTo(model.parameterCount()).isEqualTo(225_034);
        assertThat(summary.multiplyAdds())
                .isEqualTo(26 * 26 * 32 * 9 + 11 * 11 * 64 * 9 * 32 + 1600 * 128 + 1280);
        assertThat(model.modules().values().stream().map(Module::isTraining)).isEqualTo(modes);
        assertThat(summary.table().lines()).hasSize(12).last().asString().contains("225,034");
    }

    @Test
    void aLayerUsedTwiceRunsTwiceAndIsOwnedOnce() {
        Linear layer = new Linear(3, 3);
        Sequential model = new Sequential(new Flatten(), layer, layer);
        model.initialize(PhiloxKey.of(0));
        Summary summary = Summary.of(model, Shape.of(1, 1, 3));
        assertThat(summary.layers())
                .extracting(Summary.Layer::parameters)
                .containsExactly(0L, 12L, 0L);
        assertThat(summary.multiplyAdds()).isEqualTo(18);
    }
}
