package athanor.engine.check;

import static athanor.engine.check.Input.any;
import static athanor.engine.check.Input.positive;

import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.kernels.optimize.AdamStep;
import athanor.kernels.optimize.SgdStep;
import athanor.kernels.random.PhiloxKey;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// Primitives without an operation: optimizer steps, which write in place, and random numbers.
final class UpdateCases {
    private UpdateCases() {}

    static Stream<OperationCase> cases() {
        return IntStream.of(0, 1, 17, 67, 40_003).boxed().flatMap(UpdateCases::ofLength);
    }

    private static Stream<OperationCase> ofLength(int n) {
        SgdStep plain = new SgdStep(0.1, 0, 0, false, true);
        SgdStep first = new SgdStep(0.1, 0.9, 5e-4, false, true);
        SgdStep later = new SgdStep(0.1, 0.9, 5e-4, false, false);
        SgdStep nesterov = new SgdStep(0.1, 0.9, 5e-4, true, false);
        AdamStep adam = new AdamStep(1e-3, 0.9, 0.999, 1e-8, 0.01, false, 1);
        AdamStep adamW = new AdamStep(1e-3, 0.9, 0.999, 1e-8, 0.01, true, 1000);
        Shape shape = Shape.of(n);
        return Stream.of(
                OperationCase.constant(
                        "sgd/plain " + n, 1, t -> sgd(t, plain, false), any(n), any(n), any(n)),
                sgd("first " + n, first, n),
                sgd("momentum " + n, later, n),
                sgd("nesterov " + n, nesterov, n),
                adam("adam " + n, adam, n),
                adam("adamW " + n, adamW, n),
                OperationCase.constant(
                        "uniform/" + n,
                        0,
                        t ->
                                Tensor.uniform(
                                        t.getFirst().backend(),
                                        t.getFirst().dtype(),
                                        shape,
                                        PhiloxKey.of(n)),
                        any()),
                OperationCase.constant(
                        "normal/" + n,
                        0,
                        t ->
                                Tensor.normal(
                                        t.getFirst().backend(),
                                        t.getFirst().dtype(),
                                        shape,
                                        PhiloxKey.of(n)),
                        any()));
    }

    private static OperationCase sgd(String name, SgdStep step, int n) {
        return OperationCase.constant(
                "sgd/" + name, 1, t -> sgd(t, step, true), any(n), any(n), any(n));
    }

    private static Tensor sgd(List<Tensor> t, SgdStep step, boolean withVelocity) {
        Tensor parameter = t.get(0);
        Tensor velocity = t.get(2);
        parameter
                .backend()
                .sgd(
                        step,
                        parameter.buffer(),
                        t.get(1).buffer(),
                        withVelocity ? Optional.of(velocity.buffer()) : Optional.empty(),
                        parameter.size());
        return Tensor.concat(0, parameter, velocity);
    }

    private static OperationCase adam(String name, AdamStep step, int n) {
        return OperationCase.constant(
                "adam/" + name, 1, t -> adam(t, step), any(n), any(n), any(n), positive(n));
    }

    private static Tensor adam(List<Tensor> t, AdamStep step) {
        t.get(0)
                .backend()
                .adam(
                        step,
                        t.get(0).buffer(),
                        t.get(1).buffer(),
                        t.get(2).buffer(),
                        t.get(3).buffer(),
                        t.get(0).size());
        return Tensor.concat(0, t.get(0), t.get(2), t.get(3));
    }
}
