package athanor.engine.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import athanor.engine.Backend;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// The registry in float16 and bfloat16 under autocast, on every backend: results and gradients
/// against double precision on the same inputs, within a tolerance by the type's epsilon.
class NarrowSuiteTest {
    private static final Backend SIMULATED = Backend.of("cuda-sim");

    /// Casts that no kernel of a GPU makes.
    /// (An update of all parameters at once is for FLOAT32, too, which parameters are.)
    private static final Set<String> REFUSED = Set.of("cast/double", "cast/byte", "cast/integer");

    /// Composed on the reference backend of a product and a sum, each rounded: beside a ReLU's kink
    /// the sum may fall on the other side.
    private static final Set<String> BESIDE_A_KINK = Set.of("normalizedConvolution");

    private static boolean isLeftOut(Backend backend, OperationCase operation) {
        return backend == SIMULATED
                ? operation.operation().equals("update")
                        || REFUSED.stream()
                                .anyMatch(name -> operation.name().startsWith(name + " "))
                : backend == Backend.reference() && BESIDE_A_KINK.contains(operation.operation());
    }

    @TestFactory
    Stream<DynamicTest> resultsAndGradientsAreThoseOfTheReference() {
        return Stream.of(Backend.reference(), Backend.cpu(), SIMULATED)
                .flatMap(
                        backend ->
                                Operations.narrowCases().stream()
                                        .filter(operation -> !isLeftOut(backend, operation))
                                        .map(
                                                operation ->
                                                        dynamicTest(
                                                                backend.name() + " " + operation,
                                                                () -> check(operation, backend))));
    }

    private static void check(OperationCase operation, Backend backend) {
        assertThat(ForwardCheck.run(operation, backend)).matches(Finding::passed);
        assertThat(GradientCheck.kernels(operation, backend)).allMatch(Finding::passed);
    }

    @Test
    void theNumberOfThreadsChangesNoBit() {
        List<OperationCase> cases = Operations.narrowCases();
        assertThat(cases).hasSizeGreaterThan(1000);
        assertThat(DeterminismCheck.acrossThreads(cases, Backend.cpu(), 1, 2))
                .allMatch(Finding::passed);
    }
}
