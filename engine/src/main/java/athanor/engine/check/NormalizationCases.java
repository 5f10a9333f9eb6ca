package athanor.engine.check;

import static athanor.engine.check.Input.any;
import static athanor.engine.check.Input.nonzero;
import static athanor.engine.check.Input.positive;
import static athanor.engine.check.Input.within;

import athanor.engine.Moments;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.operation.BatchNorm;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Norms over rows, channels and neighbours.
final class NormalizationCases {
    private static final double EPSILON = 1e-3;

    private NormalizationCases() {}

    static Stream<OperationCase> cases() {
        List<OperationCase> cases = new ArrayList<>();
        for (boolean training : new boolean[] {true, false}) {
            for (boolean residual : new boolean[] {false, true}) {
                for (boolean relu : new boolean[] {false, true}) {
                    cases.add(batchNorm(training, residual, relu, Shape.of(4, 7, 7, 3)));
                    cases.add(batchNorm(training, residual, relu, Shape.of(2, 5, 5, 17)));
                    cases.add(batchNorm(training, residual, relu, Shape.of(33, 1)));
                    cases.add(batchNorm(training, residual, relu, Shape.of(5, 2, 18)));
                    cases.add(batchNorm(training, residual, relu, Shape.of(8, 14, 14, 40)));
                    if (!training) {
                        cases.add(batchNorm(false, residual, relu, Shape.of(0, 3, 3, 10)));
                    }
                }
            }
        }
        moments(cases, any(2, 7, 13, 10));
        moments(cases, any(1, 1, 1, 17));
        moments(cases, any(9000, 17));
        moments(cases, within(99, 101, 98, 33));
        for (int[] dims : new int[][] {{5, 7}, {2, 3, 16}, {4, 33}, {0, 5}, {200, 301}}) {
            cases.add(layerNorm(dims));
        }
        localResponseNorm(cases, 5, 2, 3, 3, 17);
        localResponseNorm(cases, 5, 7, 3);
        localResponseNorm(cases, 4, 7, 10);
        localResponseNorm(cases, 1, 7, 16);
        localResponseNorm(cases, 5, 0, 10);
        localResponseNorm(cases, 5, 2, 27, 27, 33);
        return cases.stream();
    }

    private static OperationCase batchNorm(
            boolean training, boolean residual, boolean relu, Shape x) {
        Shape channels = Shape.of(x.dim(-1));
        List<Input> inputs =
                new ArrayList<>(
                        List.of(any().with(x), nonzero().with(channels), any().with(channels)));
        inputs.add(any().with(channels).asConstant());
        inputs.add(positive().with(channels).asConstant());
        if (residual) {
            inputs.add(any().with(x));
        }
        return new OperationCase(
                "batchNorm/%s%s%s %s"
                        .formatted(
                                training ? "training" : "evaluation",
                                residual ? " residual" : "",
                                relu ? " relu" : "",
                                x),
                x.size() / channels.size(),
                true,
                inputs,
                t -> batchNorm(t, training, relu));
    }

    private static Tensor batchNorm(List<Tensor> t, boolean training, boolean relu) {
        Moments moments = training ? t.getFirst().moments() : new Moments(t.get(3), t.get(4));
        Optional<Tensor> residual = t.size() > 5 ? Optional.of(t.get(5)) : Optional.empty();
        return t.get(0).batchNorm(moments, training, t.get(1), t.get(2), EPSILON, residual, relu);
    }

    private static void moments(List<OperationCase> cases, Input x) {
        Shape shape = x.shape();
        int rows = shape.size() / shape.dim(-1);
        cases.add(
                OperationCase.constant(
                        "batchNorm/mean of " + shape,
                        rows,
                        t -> BatchNorm.moments(t.getFirst()).mean(),
                        x));
        cases.add(
                OperationCase.constant(
                        "batchNorm/variance of " + shape,
                        rows,
                        t -> BatchNorm.moments(t.getFirst()).variance(),
                        x));
    }

    private static OperationCase layerNorm(int... dims) {
        int width = dims[dims.length - 1];
        return OperationCase.of(
                "layerNorm/" + Shape.of(dims),
                width,
                t -> t.get(0).layerNorm(t.get(1), t.get(2), EPSILON),
                any(dims),
                any(width),
                any(width));
    }

    private static void localResponseNorm(List<OperationCase> cases, int size, int... dims) {
        cases.add(
                OperationCase.of(
                        "localResponseNorm/%s size %d".formatted(Shape.of(dims), size),
                        size,
                        t -> t.getFirst().localResponseNorm(size, 0.5, 0.75, 2),
                        any(dims)));
    }
}
