package athanor.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.HostBuffer;
import athanor.engine.OutOfMemory;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Module;
import athanor.nn.model.Models;
import athanor.train.data.ImageShape;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MemoryNeedTest {
    private static final ImageShape IMAGE = new ImageShape(32, 32, 3);
    private static final Backend BACKEND = Backend.cpu();

    private static Module model(String name) {
        Module model = Models.create(name, 10, 3, 32, Optional.empty());
        model.initialize(PhiloxKey.of(1));
        return model;
    }

    /// The peak of a whole step of training.
    private static long peak(Module model, int batch) {
        Map<String, Tensor> parameters = new LinkedHashMap<>();
        model.parameters().forEach((name, parameter) -> parameters.put(name, parameter.tensor()));
        Optimizer optimizer = Optimizer.sgd(parameters, 0.9, false, Optimizer.Shares.equal(0));
        BACKEND.memory().trim();
        BACKEND.memory().resetPeak();
        long before = BACKEND.memory().peak();
        try (Workspace _ = Workspace.open()) {
            Tensor images = Tensor.full(BACKEND, DType.FLOAT32, Shape.of(batch, 32, 32, 3), 0.5);
            Tensor labels = Tensor.of(BACKEND, Shape.of(batch), HostBuffer.of(new int[batch]));
            Tensor loss = model.forward(images).crossEntropy(labels);
            optimizer.step(loss.backward(), Schedule.constant(0.01).at(0));
        }
        return BACKEND.memory().peak() - before;
    }

    @ParameterizedTest
    @ValueSource(strings = {"resnet8", "simple-alexnet", "cnn"})
    void twoSmallStepsTellTheNeedOfALargerOne(String name) {
        Module model = model(name);
        BACKEND.memory().trim();
        MemoryNeed need = MemoryNeed.measure(model, IMAGE, BACKEND, 4);
        long measured = peak(model, 8);
        assertThat((double) need.bytes(8) / measured).isEqualTo(1, within(0.2));
        long larger = peak(model, 16);
        assertThat((double) need.bytes(16) / larger).isEqualTo(1, within(0.2));
    }

    @Test
    void aStepThatRanOutOfMemoryIsExplainedInALine() {
        OutOfMemory cause = new OutOfMemory(1 << 20, 1 << 30, new OutOfMemoryError("test"));
        int batch = 10_000_000;
        TrainingProblem problem = MemoryNeed.explain(model("cnn"), IMAGE, BACKEND, batch, cause);
        assertThat(problem)
                .hasCause(cause)
                .message()
                .matches(
                        "a step with --batch-size 10000000 needs about [\\d,.]+ MB, and the heap of [\\d,.]+ MB has [\\d,.]+ MB left; "
                                + "--batch-size [1-9]\\d* would fit, or give more memory: ATHANOR_JAVA_OPTS=-Xmx\\d+m");
    }
}
