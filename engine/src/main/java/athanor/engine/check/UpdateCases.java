package athanor.engine.check;

import static athanor.engine.check.Input.any;
import static athanor.engine.check.Input.positive;

import athanor.engine.Backend;
import athanor.engine.Buffer;
import athanor.engine.Tensor;
import athanor.kernels.optimize.AdamStep;
import athanor.kernels.optimize.SgdStep;
import athanor.kernels.optimize.UpdateRule;
import athanor.kernels.random.PhiloxKey;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/// Primitives without an operation: optimizer steps, which write in place, and random numbers.
final class UpdateCases {
    private static final PhiloxKey KEY = PhiloxKey.of(7);

    private UpdateCases() {}

    static Stream<OperationCase> cases() {
        return Stream.of(0, 1, 17, 67, 40_003).flatMap(UpdateCases::ofLength);
    }

    private static Stream<OperationCase> ofLength(int n) {
        SgdStep plain = new SgdStep(0.1, 0, 0, false, true);
        SgdStep first = new SgdStep(0.1, 0.9, 5e-4, false, true);
        SgdStep later = new SgdStep(0.1, 0.9, 5e-4, false, false);
        SgdStep nesterov = new SgdStep(0.1, 0.9, 5e-4, true, false);
        AdamStep adam = new AdamStep(1e-3, 0.9, 0.999, 1e-8, 0.01, false, 1);
        AdamStep adamW = new AdamStep(1e-3, 0.9, 0.999, 1e-8, 0.01, true, 1000);
        return Stream.of(
                of("sgd/plain", n, 1, t -> sgd(t, plain)),
                of("sgd/first", n, 1, t -> sgd(t, first)),
                of("sgd/momentum", n, 1, t -> sgd(t, later)),
                of("sgd/nesterov", n, 1, t -> sgd(t, nesterov)),
                of("adam/adam", n, 1, t -> adam(t, adam)),
                of("adam/adamW", n, 1, t -> adam(t, adamW)),
                together("update/plain", n, 0, plain),
                together("update/first", n, 1, first),
                together("update/momentum", n, 1, later),
                together("update/adam", n, 2, adam),
                together("update/adamW", n, 2, adamW),
                of("uniform/uniform", n, 0, UpdateCases::uniform),
                of("normal/normal", n, 0, UpdateCases::normal));
    }

    private static OperationCase of(
            String name, int n, int terms, Function<List<Tensor>, Tensor> function) {
        String text = name + " " + n;
        return OperationCase.constant(text, terms, function, any(n), any(n), any(n), positive(n));
    }

    private static Tensor sgd(List<Tensor> t, SgdStep step) {
        Tensor parameter = t.get(0);
        Tensor velocity = t.get(2);
        parameter
                .backend()
                .sgd(
                        step,
                        parameter.buffer(),
                        t.get(1).buffer(),
                        Optional.of(velocity.buffer()).filter(_ -> step.momentum() != 0),
                        parameter.size());
        return Tensor.concat(0, parameter, velocity);
    }

    private static Tensor adam(List<Tensor> t, AdamStep step) {
        Tensor parameter = t.get(0);
        Tensor mean = t.get(2);
        Tensor square = t.get(3);
        parameter
                .backend()
                .adam(
                        step,
                        parameter.buffer(),
                        t.get(1).buffer(),
                        mean.buffer(),
                        square.buffer(),
                        parameter.size());
        return Tensor.concat(0, parameter, mean, square);
    }

    /// Two parameters at once, the second of 5 numbers.
    private static OperationCase together(String name, int n, int states, UpdateRule rule) {
        return OperationCase.constant(
                name + " " + n,
                1,
                t -> {
                    List<Tensor> first = t.subList(0, 2 + states);
                    List<Tensor> second = t.subList(4, 6 + states);
                    t.getFirst().backend().update(rule, List.of(update(first), update(second)));
                    Stream<Tensor> all = Stream.concat(first.stream(), second.stream());
                    return Tensor.concat(0, all.toArray(Tensor[]::new));
                },
                any(n),
                any(n),
                any(n),
                positive(n),
                any(5),
                any(5),
                any(5),
                positive(5));
    }

    private static Backend.Update update(List<Tensor> t) {
        List<Buffer> state = t.subList(2, t.size()).stream().map(Tensor::buffer).toList();
        return new Backend.Update(t.get(0).buffer(), t.get(1).buffer(), state, t.get(0).size());
    }

    private static Tensor uniform(List<Tensor> t) {
        Tensor like = t.getFirst();
        return Tensor.uniform(like.backend(), like.dtype(), like.shape(), KEY);
    }

    private static Tensor normal(List<Tensor> t) {
        Tensor like = t.getFirst();
        return Tensor.normal(like.backend(), like.dtype(), like.shape(), KEY);
    }
}
