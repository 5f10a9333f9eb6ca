package athanor.engine.check;

import static org.assertj.core.api.Assertions.assertThat;

import athanor.engine.Backend;
import athanor.engine.Buffer;
import athanor.engine.HostBuffer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The checks find what they are for.
class CheckTest {
    private static final List<OperationCase> SMALL =
            Operations.cases().stream().filter(OperationCase::isSmall).toList();
    private static final OperationCase MATMUL = first("matmul/[17, 9]");
    private static final OperationCase SOFTMAX = first("softmax/[7, 10]");

    @Test
    void aWrongResultIsFound() {
        assertThat(ForwardCheck.run(MATMUL, Backend.reference())).matches(Finding::passed);
        Finding finding = ForwardCheck.run(MATMUL, disturbed("matmul", 3, 1e-4f));
        assertThat(finding).matches(f -> !f.passed());
        assertThat(finding.detail()).contains("element 7 ");
    }

    @Test
    void notANumberIsFound() {
        assertThat(ForwardCheck.run(MATMUL, disturbed("matmul", 3, Float.NaN)))
                .matches(f -> !f.passed());
    }

    @Test
    void aWrongGradientIsFoundOnceAndOnlyInItsInput() {
        List<Finding> findings =
                GradientCheck.kernels(SOFTMAX, disturbed("softmaxGradient", 4, 1e-4f));
        assertThat(findings).hasSize(1).noneMatch(Finding::passed);
    }

    @Test
    void aWrongFormulaIsFound() {
        OperationCase wrong =
                OperationCase.of(
                        "wrong/square",
                        0,
                        t -> t.getFirst().mul(t.getFirst().alias()),
                        Input.any(17));
        assertThat(GradientCheck.formulas(wrong)).hasSize(1).noneMatch(Finding::passed);
    }

    @Test
    void whatIsThrownIsAFinding() {
        OperationCase throwing =
                OperationCase.of("wrong/axis", 0, t -> t.getFirst().sum(5), Input.any(3));
        assertThat(ForwardCheck.run(throwing, Backend.cpu()).detail()).contains("axis 5");
        assertThat(GradientCheck.run(List.of(throwing), Backend.cpu()))
                .hasSize(2)
                .noneMatch(Finding::passed);
    }

    @Test
    void otherBitsAreFound() {
        List<OperationCase> cases = List.of(MATMUL, SOFTMAX);
        Map<String, String> right = DeterminismCheck.digests(cases, Backend.reference());
        Map<String, String> other = DeterminismCheck.digests(cases, disturbed("softmax", 1, 1e-7f));
        Finding finding = DeterminismCheck.compare("disturbed", right, other);
        assertThat(finding.error()).isEqualTo(1);
        assertThat(finding.detail()).contains(SOFTMAX.name()).doesNotContain(MATMUL.name());
        assertThat(DeterminismCheck.compare("nothing", right, Map.of())).matches(f -> !f.passed());
    }

    @Test
    void aWrongOverrideIsFound() {
        assertThat(OverrideCheck.run(SMALL, Backend.reference())).isEmpty();
        List<Finding> findings =
                OverrideCheck.run(SMALL, disturbed("convolveNormalized", 5, 1e-3f));
        assertThat(findings).anyMatch(f -> !f.passed());
        assertThat(findings)
                .filteredOn(f -> !f.passed())
                .allMatch(f -> f.subject().startsWith("normalizedConvolution"));
    }

    @Test
    void aFusedPrimitiveThatNoCaseComesToIsFound() {
        Backend all = SpyBackend.around(Backend.reference(), (_, _) -> {}, (_, _) -> {});
        assertThat(OverrideCheck.run(List.of(MATMUL), all))
                .hasSizeGreaterThanOrEqualTo(3)
                .noneMatch(Finding::passed);
    }

    @Test
    void aMessageWithoutTheWayOutIsFound() {
        ErrorCase vague =
                new ErrorCase(
                        List.of("way out"),
                        _ -> {
                            throw new IllegalArgumentException("no");
                        });
        assertThat(vague.run(Backend.cpu())).matches(f -> !f.passed());
        assertThat(new ErrorCase(List.of(), _ -> {}).run(Backend.cpu())).matches(f -> !f.passed());
    }

    private static OperationCase first(String prefix) {
        return Operations.cases().stream()
                .filter(c -> c.name().startsWith(prefix))
                .findFirst()
                .orElseThrow();
    }

    /// The reference backend, but for element 7 of what one primitive writes.
    private static Backend disturbed(String primitive, int output, float by) {
        return SpyBackend.around(
                Backend.reference(),
                (_, _) -> {},
                (method, arguments) -> {
                    if (method.getName().equals(primitive)) {
                        HostBuffer y = (HostBuffer) (Buffer) arguments[output];
                        y.set(7, y.get(7) + by);
                    }
                });
    }
}
