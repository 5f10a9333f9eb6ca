package athanor.engine.check;

import static athanor.engine.check.Input.any;
import static athanor.engine.check.Input.indices;
import static athanor.engine.check.Input.positive;
import static athanor.engine.check.Input.within;

import athanor.engine.Shape;
import athanor.engine.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// Softmax and cross-entropy, with logits of every size.
final class ProbabilityCases {
    private static final List<Shape> SHAPES =
            List.of(
                    Shape.of(1, 1),
                    Shape.of(5, 3),
                    Shape.of(7, 10),
                    Shape.of(2, 17),
                    Shape.of(3, 1000),
                    Shape.of(0, 10),
                    Shape.of(4001, 10));

    private ProbabilityCases() {}

    static Stream<OperationCase> cases() {
        List<OperationCase> cases = new ArrayList<>();
        for (Shape shape : SHAPES) {
            int width = shape.dim(1);
            for (Input logits : List.of(any(), within(-80, 80), within(990, 1010))) {
                Input x = logits.with(shape);
                String text = shape + " " + logits.low() + ".." + logits.high();
                cases.add(
                        OperationCase.of("softmax/" + text, width, t -> t.getFirst().softmax(), x));
                cases.add(
                        OperationCase.of(
                                "logSoftmax/" + text, width, t -> t.getFirst().logSoftmax(), x));
                cases.add(labelled(text, x, 0));
            }
            cases.add(labelled("smoothed " + shape, any().with(shape), 0.1));
            cases.add(
                    OperationCase.of(
                            "crossEntropy/soft " + shape,
                            shape.size(),
                            t -> t.get(0).crossEntropySoft(t.get(1)),
                            any().with(shape),
                            positive().with(shape).asConstant()));
        }
        cases.add(OperationCase.of("softmax/3 axes", 7, t -> t.getFirst().softmax(), any(2, 3, 7)));
        cases.add(
                OperationCase.of(
                        "logSoftmax/3 axes", 7, t -> t.getFirst().logSoftmax(), any(2, 3, 7)));
        return cases.stream();
    }

    private static OperationCase labelled(String text, Input x, double smoothing) {
        Shape shape = x.shape();
        return OperationCase.of(
                "crossEntropy/" + text,
                shape.size(),
                t -> loss(t, smoothing),
                x,
                indices(shape.dim(1), shape.dim(0)));
    }

    private static Tensor loss(List<Tensor> t, double smoothing) {
        return t.get(0).crossEntropy(t.get(1), smoothing);
    }
}
