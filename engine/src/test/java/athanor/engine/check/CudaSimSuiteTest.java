package athanor.engine.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.backend.Cuda;
import athanor.kernels.cuda.Devices;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// The registry on the GPU backend over a simulated device: every launch, argument, layout and
/// order of copies is what a real one would get.
class CudaSimSuiteTest {
    private static final Backend SIMULATED = Backend.of("cuda-sim");

    /// To types that no kernel writes.
    private static final Set<String> REFUSED = Set.of("cast/double", "cast/byte");

    /// What belongs to the memory, and computes nothing.
    private static final Set<String> NO_PRIMITIVES = Set.of("name", "memory", "allocate", "free");

    private static List<OperationCase> cases() {
        return Operations.cases().stream()
                .filter(operation -> !REFUSED.contains(operation.name()))
                .toList();
    }

    private static List<OperationCase> small() {
        return cases().stream().filter(OperationCase::isSmall).toList();
    }

    @BeforeAll
    static void sayWhatIsLeftOut() {
        System.out.printf(
                "cuda-sim: %d cases run, %d are refused: %s%n",
                cases().size(), REFUSED.size(), REFUSED);
    }

    @TestFactory
    Stream<DynamicTest> resultsAreThoseOfTheReference() {
        return cases().stream()
                .map(
                        operation ->
                                dynamicTest(
                                        operation.name(),
                                        () ->
                                                assertThat(ForwardCheck.run(operation, SIMULATED))
                                                        .matches(Finding::passed)));
    }

    @TestFactory
    Stream<DynamicTest> gradientsAreThoseOfTheReference() {
        return cases().stream()
                .filter(OperationCase::differentiable)
                .map(
                        operation ->
                                dynamicTest(
                                        operation.name(),
                                        () ->
                                                assertThat(
                                                                GradientCheck.kernels(
                                                                        operation, SIMULATED))
                                                        .isNotEmpty()
                                                        .allMatch(Finding::passed)));
    }

    @Test
    void fusedPrimitivesAreTheirCompositions() {
        assertThat(OverrideCheck.run(small(), SIMULATED))
                .hasSizeGreaterThan(20)
                .allMatch(Finding::passed);
    }

    @Test
    void errorsNameRuleShapesAndWayOut() {
        assertThat(Operations.errors())
                .isNotEmpty()
                .allSatisfy(error -> assertThat(error.run(SIMULATED)).matches(Finding::passed));
    }

    @Test
    void otherTypesAreRefusedInALine() {
        assertThat(Operations.cases())
                .filteredOn(operation -> REFUSED.contains(operation.name()))
                .hasSize(REFUSED.size())
                .allSatisfy(
                        operation ->
                                assertThat(ForwardCheck.run(operation, SIMULATED).detail())
                                        .containsPattern(
                                                "cast of float32, (float64|uint8): a GPU computes in float32"));
    }

    @Test
    void noPrimitiveIsWithoutSupport() {
        Set<String> done = new TreeSet<>(NO_PRIMITIVES);
        Backend spied =
                SpyBackend.around(
                        SIMULATED, (_, _) -> {}, (method, _) -> done.add(method.getName()));
        small().forEach(operation -> Evaluation.withGradients(operation, spied, DType.FLOAT32));
        Stream<Method> all =
                Arrays.stream(Backend.class.getDeclaredMethods())
                        .filter(method -> !Modifier.isStatic(method.getModifiers()))
                        .filter(method -> !method.isSynthetic());
        assertThat(all.map(Method::getName).filter(name -> !done.contains(name))).isEmpty();
    }

    @Test
    void theOrderOfBlocksAndWarpsChangesNoBit() {
        Backend other = new Cuda("cuda-sim", Devices.simulated(1L << 30, 7));
        assertThat(DeterminismCheck.digests(small(), other))
                .hasSameSizeAs(small())
                .isEqualTo(DeterminismCheck.digests(small(), SIMULATED));
    }
}
