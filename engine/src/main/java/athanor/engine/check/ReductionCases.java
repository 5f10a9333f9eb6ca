package athanor.engine.check;

import static athanor.engine.check.Input.any;
import static athanor.engine.check.Input.distinct;
import static athanor.engine.check.Input.whole;
import static athanor.engine.check.Input.within;

import athanor.engine.Shape;
import athanor.engine.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// Sums, means, variances, extrema over every kind of axes.
final class ReductionCases {
    private record Over(Shape shape, int... axes) {
        int terms() {
            return axes.length == 0
                    ? shape.size()
                    : IntStream.of(axes).map(shape::dim).reduce(1, (a, b) -> a * b);
        }

        String text() {
            return shape + " over " + IntStream.of(axes).boxed().toList();
        }
    }

    private static final List<Over> FULL =
            List.of(
                    new Over(Shape.SCALAR),
                    new Over(Shape.of(1)),
                    new Over(Shape.of(17)),
                    new Over(Shape.of(100_003)),
                    new Over(Shape.of(3, 19)),
                    new Over(Shape.of(3, 19), 0),
                    new Over(Shape.of(3, 19), 1),
                    new Over(Shape.of(33, 1), 1),
                    new Over(Shape.of(1, 33), 0),
                    new Over(Shape.of(257, 300), 0),
                    new Over(Shape.of(257, 300), -1),
                    new Over(Shape.of(9000, 17), 0),
                    new Over(Shape.of(2, 7, 13, 10), 0, 1, 2),
                    new Over(Shape.of(2, 7, 13, 3), 1, 2),
                    new Over(Shape.of(2, 3, 17), 1),
                    new Over(Shape.of(2, 3, 4, 5), 0, 2),
                    new Over(Shape.of(2, 3, 4, 5), 1, 3));

    private static final List<Over> EMPTY =
            List.of(
                    new Over(Shape.of(0)),
                    new Over(Shape.of(0, 3), 0),
                    new Over(Shape.of(0, 3), 1),
                    new Over(Shape.of(3, 0), 1));

    private ReductionCases() {}

    static Stream<OperationCase> cases() {
        List<OperationCase> cases = new ArrayList<>();
        Stream.concat(FULL.stream(), EMPTY.stream())
                .forEach(over -> cases.add(of("sum", over, any(), Tensor::sum)));
        for (Over over : FULL) {
            cases.add(of("mean", over, any(), Tensor::mean));
            cases.add(of("variance", over, any(), Tensor::variance));
            cases.add(of("extremum/max", over, distinct(), Tensor::max));
            cases.add(of("extremum/min", over, distinct(), Tensor::min));
        }
        cases.add(
                of(
                        "variance/offset",
                        new Over(Shape.of(203, 17), 0),
                        within(99, 101),
                        Tensor::variance));
        argmax(cases, 0, 17);
        argmax(cases, 1, 5, 10);
        argmax(cases, 0, 10, 17);
        argmax(cases, 1, 2, 7, 33);
        argmax(cases, -1, 3, 1);
        argmax(cases, -1, 0, 10);
        argmax(cases, 1, 300, 130);
        return cases.stream();
    }

    private static OperationCase of(
            String name, Over over, Input like, BiFunction<Tensor, int[], Tensor> reduce) {
        return OperationCase.of(
                name + "/" + over.text(),
                over.terms(),
                t -> reduce.apply(t.getFirst(), over.axes()),
                like.with(over.shape()));
    }

    private static void argmax(List<OperationCase> cases, int axis, int... dims) {
        String text = Shape.of(dims) + " over " + axis;
        for (Input like : List.of(distinct(), whole())) {
            cases.add(
                    OperationCase.constant(
                            "argmax/" + like.values() + text,
                            0,
                            t -> t.getFirst().argmax(axis),
                            like.with(Shape.of(dims))));
        }
    }
}
