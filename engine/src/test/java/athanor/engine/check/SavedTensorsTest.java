package athanor.engine.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import athanor.engine.Autocast;
import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.Gradients;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Every operation saves what its backward pass reads, reads nothing that was given back, and
/// nothing that it has not written.
class SavedTensorsTest {
    @TestFactory
    Stream<DynamicTest> gradientsNeedOnlyWhatWasSaved() {
        return Backend.all().stream()
                .flatMap(
                        backend ->
                                Stream.concat(
                                                Operations.cases().stream(),
                                                Operations.narrowCases().stream())
                                        .filter(OperationCase::isSmall)
                                        .map(
                                                operation ->
                                                        dynamicTest(
                                                                backend.name() + " " + operation,
                                                                () -> check(operation, backend))));
    }

    @Test
    void whatIsUsedAfterItWasGivenBackIsNoNumber() {
        Backend poisoned = PoisonedBackend.of(Backend.reference());
        try (Workspace _ = Workspace.open()) {
            Tensor x = Tensor.full(poisoned, DType.FLOAT32, Shape.of(5), 2);
            var buffer = (HostBuffer) x.buffer();
            assertThat(x.square().toDoubles()).containsOnly(4);
            assertThat(buffer.get(0)).isEqualTo(2);
            x.release();
            Tensor.full(poisoned, DType.FLOAT32, Shape.of(500), 2);
            assertThat(buffer.get(0)).isNaN();
        }
    }

    private static void check(OperationCase operation, Backend backend) {
        // Around it as around the poisoned one, as what is composed for 16 bits depends on it.
        Backend clean = SpyBackend.around(backend, (_, _) -> {}, (_, _) -> {});
        Evaluation expected = Evaluation.withGradients(operation, clean, DType.FLOAT32);
        Evaluation actual = withoutInputs(operation, PoisonedBackend.of(backend));
        assertThat(actual.result()).isEqualTo(expected.result());
        assertThat(actual.gradients()).hasSameSizeAs(expected.gradients());
        for (int i = 0; i < expected.gradients().size(); i++) {
            assertThat(actual.gradients().get(i)).isEqualTo(expected.gradients().get(i));
        }
    }

    /// Gives back inputs, result and what came between before it goes backward.
    private static Evaluation withoutInputs(OperationCase operation, Backend backend) {
        try (Workspace _ = Workspace.open();
                Autocast _ = operation.autocast(DType.FLOAT32)) {
            List<Tensor> inputs = operation.tensors(backend, DType.FLOAT32);
            List<Integer> leaves = Evaluation.leaves(operation);
            leaves.forEach(leaf -> inputs.get(leaf).requireGradient());
            Tensor y = Workspace.tidy(() -> operation.function().apply(inputs));
            double[] result = y.toDoubles();
            Tensor u = Evaluation.cotangent(operation, y);
            inputs.forEach(Tensor::release);
            y.release();
            List<double[]> values = new ArrayList<>();
            if (!leaves.isEmpty()) {
                Gradients gradients = y.backward(u, (_, _) -> {});
                for (int leaf : leaves) {
                    values.add(gradients.of(inputs.get(leaf)).orElseThrow().toDoubles());
                }
            }
            return new Evaluation(y.shape(), result, values);
        }
    }
}
