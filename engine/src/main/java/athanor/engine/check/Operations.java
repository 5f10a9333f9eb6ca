package athanor.engine.check;

import athanor.engine.DType;
import java.util.List;
import java.util.stream.Stream;

/// The registry: every operation, with inputs of the shapes that go wrong (around vector widths,
/// empty, stretched, padded, strided, grouped, odd). A test fails for a class of
/// `athanor.engine.operation` that has no case here.
public final class Operations {
    private Operations() {}

    public static List<OperationCase> cases() {
        return Stream.of(
                        ElementwiseCases.cases(),
                        ShapeCases.cases(),
                        ReductionCases.cases(),
                        MatrixCases.cases(),
                        ConvolutionCases.cases(),
                        PoolCases.cases(),
                        NormalizationCases.cases(),
                        ProbabilityCases.cases(),
                        UpdateCases.cases())
                .flatMap(stream -> stream)
                .toList();
    }

    /// The small cases again in both types of 16 bits.
    public static List<OperationCase> narrowCases() {
        return cases().stream()
                .filter(OperationCase::isSmall)
                .flatMap(c -> Stream.of(c.in(DType.FLOAT16), c.in(DType.BFLOAT16)))
                .toList();
    }

    /// Wrong inputs, and what the message must say.
    public static List<ErrorCase> errors() {
        return ErrorCases.cases();
    }
}
