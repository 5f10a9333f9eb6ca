package athanor.nn.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Module;
import athanor.nn.model.ResNet;
import athanor.nn.model.Stem;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class StateDictTest {
    private static Module model(int classes, long seed) {
        Module model = ResNet.ofCifar(8, Stem.CIFAR, 3, classes);
        model.initialize(PhiloxKey.of(seed));
        return model;
    }

    private static float[] values(Module model, String name) {
        return model.parameter(name).tensor().toFloats();
    }

    private static TensorData written(Module model, String name) {
        return Objects.requireNonNull(StateDict.of(model).get(name));
    }

    @Test
    void filtersAreWrittenInPyTorchsOrder() {
        Module model = model(10, 1);
        float[] here = values(model, "conv1.weight");
        TensorData there = written(model, "conv1.weight");
        assertThat(there.shape()).isEqualTo(Shape.of(16, 3, 3, 3));
        float[] written = there.floats();
        for (int k = 0; k < 16; k++) {
            for (int c = 0; c < 3; c++) {
                for (int rs = 0; rs < 9; rs++) {
                    assertThat(written[(k * 3 + c) * 9 + rs]).isEqualTo(here[(k * 9 + rs) * 3 + c]);
                }
            }
        }
    }

    @Test
    void whatIsSavedIsLoadedIntoTheSameTensors() {
        Module from = model(10, 1);
        from.forward(Tensor.uniform(Backend.cpu(), DType.FLOAT32, Shape.of(2, 8, 8, 3), KEY));
        Module to = model(10, 2);
        Tensor conv = to.parameter("conv1.weight").tensor();
        StateDict.load(to, StateDict.of(from), "test");
        assertThat(to.parameter("conv1.weight").tensor()).isSameAs(conv);
        from.parameters()
                .forEach((name, p) -> assertThat(values(to, name)).isEqualTo(values(from, name)));
        from.buffers()
                .forEach(
                        (name, b) ->
                                assertThat(to.parameter(name).tensor().toFloats())
                                        .isEqualTo(b.tensor().toFloats()));
    }

    @Test
    void aModelWithoutValuesGetsThemFromAFile() {
        Module from = model(10, 1);
        Module to = ResNet.ofCifar(8, Stem.CIFAR, 3, 10);
        StateDict.load(to, StateDict.of(from), "test");
        assertThat(values(to, "fc.weight")).isEqualTo(values(from, "fc.weight"));
        assertThat(to.parameter("fc.weight").tensor().requiresGradient()).isTrue();
    }

    @Test
    void doublesAndFloatsLoadIntoEachOther() {
        Module floats = model(10, 1);
        Module doubles = model(10, 2);
        doubles.to(Backend.reference(), DType.FLOAT64);
        StateDict.load(doubles, StateDict.of(floats), "test");
        Module back = model(10, 3);
        StateDict.load(back, StateDict.of(doubles), "test");
        assertThat(written(doubles, "conv1.weight").type()).isEqualTo(TensorData.Type.F64);
        assertThat(values(back, "conv1.weight")).isEqualTo(values(floats, "conv1.weight"));
    }

    @Test
    void whatCheckpointsAndPyTorchAddIsPassedOver() {
        Map<String, TensorData> tensors = new LinkedHashMap<>(StateDict.of(model(10, 1)));
        tensors.put("bn1.num_batches_tracked", TensorData.of(Shape.SCALAR, 5L));
        tensors.put("optimizer.velocity.fc.bias", TensorData.of(Shape.of(1), 1f));
        tensors.put("state.epoch", TensorData.of(Shape.SCALAR, 5L));
        Module to = model(10, 2);
        StateDict.load(to, tensors, "test");
        assertThat(values(to, "fc.bias")).isEqualTo(values(model(10, 1), "fc.bias"));
    }

    @Test
    void anotherModelsFileIsRefusedWithReasonsAndChangesNothing() {
        Map<String, TensorData> tensors = new LinkedHashMap<>(StateDict.of(model(7, 1)));
        tensors.remove("bn1.weight");
        tensors.remove("bn1.bias");
        tensors.remove("bn1.running_mean");
        tensors.remove("bn1.running_var");
        tensors.put("head", TensorData.of(Shape.of(1), 1f));
        tensors.put("layer1.0.bn1.bias", TensorData.of(Shape.of(16), new int[16]));
        Module to = model(10, 2);
        float[] before = values(to, "conv1.weight");
        assertThatThrownBy(() -> StateDict.load(to, tensors, "last.safetensors"))
                .isInstanceOf(ModelFileProblem.class)
                .hasMessage(
                        "last.safetensors is of another model: 4 missing (bn1.weight, bn1.bias,"
                                + " bn1.running_mean, ...); 1 unexpected (head); 3 of another shape"
                                + " or type (layer1.0.bn1.bias is of type I32, fc.weight is [7, 64]"
                                + " there and [10, 64] here, fc.bias is [7] there and [10] here)."
                                + " Choose the model, stem and number of classes it was made with.");
        assertThat(values(to, "conv1.weight")).isEqualTo(before);
    }

    private static final PhiloxKey KEY = PhiloxKey.of(4);
}
