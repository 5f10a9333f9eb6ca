package athanor.engine.check;

import athanor.engine.Backend;
import athanor.engine.DType;
import java.util.List;

/// The result in FLOAT32 on any backend, against the reference backend's in FLOAT64, within
/// [Tolerance].
public final class ForwardCheck {
    private static final String NAME = "forward";

    private ForwardCheck() {}

    public static List<Finding> run(List<OperationCase> cases, Backend backend) {
        return cases.stream().map(operation -> run(operation, backend)).toList();
    }

    public static Finding run(OperationCase operation, Backend backend) {
        String subject = operation.name();
        return Finding.attempt(
                NAME,
                subject,
                () -> {
                    var exact = Evaluation.forward(operation, Backend.reference(), DType.FLOAT64);
                    var actual = Evaluation.forward(operation, backend, DType.FLOAT32);
                    if (!actual.shape().equals(exact.shape())) {
                        return Finding.failed(
                                NAME,
                                subject,
                                "shape " + actual.shape() + " instead of " + exact.shape());
                    }
                    return Tolerance.of(operation.precision())
                            .compare(
                                    NAME,
                                    subject,
                                    actual.result(),
                                    exact.result(),
                                    operation.terms());
                });
    }
}
