package athanor.engine.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import athanor.engine.Backend;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/// What depends on the width of vectors: it runs again under the flags in the pom.
@Tag("simd")
class CpuSuiteTest {
    @BeforeAll
    static void theFlagApplies() {
        SimdFlag.assumeApplied();
    }

    @TestFactory
    Stream<DynamicTest> resultsAreThoseOfTheReference() {
        return Operations.cases().stream()
                .map(
                        operation ->
                                dynamicTest(
                                        operation.name(),
                                        () ->
                                                assertThat(
                                                                ForwardCheck.run(
                                                                        operation, Backend.cpu()))
                                                        .matches(Finding::passed)));
    }

    @TestFactory
    Stream<DynamicTest> gradientsAreThoseOfTheReference() {
        return Operations.cases().stream()
                .filter(OperationCase::differentiable)
                .map(
                        operation ->
                                dynamicTest(
                                        operation.name(),
                                        () ->
                                                assertThat(
                                                                GradientCheck.kernels(
                                                                        operation, Backend.cpu()))
                                                        .isNotEmpty()
                                                        .allMatch(Finding::passed)));
    }

    @TestFactory
    Stream<DynamicTest> fusedPrimitivesAreTheirCompositions() {
        return OverrideCheck.run(Operations.cases(), Backend.cpu()).stream()
                .map(
                        finding ->
                                dynamicTest(
                                        finding.subject(),
                                        () -> assertThat(finding).matches(Finding::passed)));
    }
}
