package athanor.nn;

import static org.assertj.core.api.Assertions.assertThat;

import athanor.engine.Backend;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.TapeEntry;
import athanor.engine.Tensor;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.model.Models;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TraceTest {
    private final Module model = Models.create("resnet8", 10, 3, 32, Optional.empty());

    private Trace trace() {
        model.initialize(PhiloxKey.of(1));
        Tensor images = Tensor.of(Shape.of(1, 32, 32, 3), new float[32 * 32 * 3]);
        Tensor labels = Tensor.of(Backend.cpu(), Shape.of(1), HostBuffer.of(new int[] {3}));
        return Trace.of(model, images, labels);
    }

    private static String layer(Trace trace, TapeEntry entry) {
        return trace.layers().getOrDefault(entry.number(), trace.costs().getFirst()).name();
    }

    @Test
    void everyOperationBelongsToTheLayerThatRecordedIt() {
        Trace trace = trace();
        List<String> operations =
                trace.tape().stream()
                        .filter(entry -> !entry.isLeaf())
                        .map(entry -> layer(trace, entry) + " " + entry.operation())
                        .toList();

        assertThat(operations)
                .startsWith("conv1 convolution", "bn1 batchNorm", "layer1.0.conv1 convolution")
                .contains("layer2.0.downsample.0 convolution", "layer2.0.bn2 batchNorm")
                .endsWith("fc add", "loss crossEntropy");
        assertThat(trace.tape().stream().filter(TapeEntry::isLeaf).map(leaf -> layer(trace, leaf)))
                .containsExactlyInAnyOrderElementsOf(model.parameters().keySet());
    }

    @Test
    void theShortcutOfABlockEntersItsLastNorm() {
        Trace trace = trace();
        Map<Long, String> names = new HashMap<>();
        trace.tape().forEach(entry -> names.put(entry.number(), layer(trace, entry)));
        TapeEntry last =
                trace.tape().stream()
                        .filter(e -> layer(trace, e).equals("layer1.0.bn2"))
                        .findFirst()
                        .orElseThrow();

        assertThat(last.inputs().stream().map(names::get))
                .containsExactly(
                        "layer1.0.conv2", "layer1.0.bn2.weight", "layer1.0.bn2.bias", "bn1");
    }

    @Test
    void everyLayerWithWeightsTakesTimeBothWaysAndTheModelStaysAsItWas() {
        model.train(true);
        Trace trace = trace();

        assertThat(trace.costs())
                .filteredOn(layer -> layer.kind().equals("Conv2d"))
                .hasSize(9)
                .allMatch(l -> l.forwardSeconds() > 0 && l.backwardSeconds() > 0);
        assertThat(model.isTraining()).isTrue();
        assertThat(model.parameter("bn1.running_mean").tensor().toFloats()).containsOnly(0);
    }
}
