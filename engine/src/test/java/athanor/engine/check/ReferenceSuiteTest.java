package athanor.engine.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import athanor.engine.Backend;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class ReferenceSuiteTest {
    @TestFactory
    Stream<DynamicTest> resultsInFloat32AreThoseInFloat64() {
        return Operations.cases().stream()
                .map(
                        operation ->
                                dynamicTest(
                                        operation.name(),
                                        () ->
                                                assertThat(
                                                                ForwardCheck.run(
                                                                        operation,
                                                                        Backend.reference()))
                                                        .matches(Finding::passed)));
    }

    @TestFactory
    Stream<DynamicTest> gradientsAreDerivatives() {
        return Operations.cases().stream()
                .filter(OperationCase::differentiable)
                .map(
                        operation ->
                                dynamicTest(
                                        operation.name(),
                                        () ->
                                                assertThat(GradientCheck.formulas(operation))
                                                        .allMatch(Finding::passed)));
    }

    @TestFactory
    Stream<DynamicTest> errorsNameRuleShapesAndWayOut() {
        return Backend.all().stream().flatMap(ReferenceSuiteTest::errorsOn);
    }

    private static Stream<DynamicTest> errorsOn(Backend backend) {
        return Operations.errors().stream()
                .map(
                        error ->
                                dynamicTest(
                                        backend.name() + " " + error,
                                        () ->
                                                assertThat(error.run(backend))
                                                        .matches(Finding::passed)));
    }
}
