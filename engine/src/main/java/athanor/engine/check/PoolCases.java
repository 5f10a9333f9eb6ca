package athanor.engine.check;

import static athanor.engine.check.Input.any;
import static athanor.engine.check.Input.distinct;
import static athanor.engine.check.Input.within;

import athanor.engine.Shape;
import java.util.List;
import java.util.stream.Stream;

/// Pools: sliding, overlapping, padded, adaptive.
final class PoolCases {
    /// Window, stride, padding.
    private record Sliding(int kernel, int stride, int padding, int... dims) {
        String text() {
            return "%s kernel %d stride %d padding %d"
                    .formatted(Shape.of(dims), kernel, stride, padding);
        }
    }

    private record Adaptive(int height, int width, int... dims) {
        String text() {
            return "adaptive %s to %d x %d".formatted(Shape.of(dims), height, width);
        }
    }

    private static final List<Sliding> SLIDING =
            List.of(
                    new Sliding(2, 2, 0, 2, 8, 8, 3),
                    new Sliding(3, 2, 1, 2, 13, 13, 17),
                    new Sliding(3, 1, 1, 1, 7, 7, 10),
                    new Sliding(2, 1, 0, 1, 5, 7, 1),
                    new Sliding(3, 2, 0, 1, 27, 27, 1),
                    new Sliding(2, 3, 1, 1, 8, 8, 16),
                    new Sliding(1, 2, 0, 1, 7, 7, 3),
                    new Sliding(3, 2, 1, 4, 28, 28, 33),
                    new Sliding(2, 2, 0, 0, 4, 4, 3));

    private static final List<Adaptive> ADAPTIVE =
            List.of(
                    new Adaptive(1, 1, 2, 7, 7, 17),
                    new Adaptive(3, 5, 1, 7, 13, 3),
                    new Adaptive(6, 6, 1, 13, 13, 10),
                    new Adaptive(7, 6, 1, 4, 4, 1),
                    new Adaptive(1, 1, 8, 14, 14, 65),
                    new Adaptive(2, 2, 0, 4, 4, 3));

    private PoolCases() {}

    static Stream<OperationCase> cases() {
        return Stream.concat(
                SLIDING.stream().flatMap(PoolCases::sliding),
                ADAPTIVE.stream().flatMap(PoolCases::adaptive));
    }

    private static Stream<OperationCase> sliding(Sliding s) {
        return Stream.of(
                OperationCase.of(
                        "maxPool/" + s.text(),
                        0,
                        t -> t.getFirst().maxPool(s.kernel(), s.stride(), s.padding()),
                        distinct(s.dims())),
                OperationCase.of(
                        "maxPool/negative " + s.text(),
                        0,
                        t -> t.getFirst().maxPool(s.kernel(), s.stride(), s.padding()),
                        new Input(Shape.of(s.dims()), Input.Values.DISTINCT, -9, -1, false)),
                OperationCase.of(
                        "averagePool/" + s.text(),
                        s.kernel() * s.kernel(),
                        t -> t.getFirst().averagePool(s.kernel(), s.stride(), s.padding()),
                        any(s.dims())));
    }

    private static Stream<OperationCase> adaptive(Adaptive s) {
        return Stream.of(
                OperationCase.of(
                        "maxPool/" + s.text(),
                        0,
                        t -> t.getFirst().adaptiveMaxPool(s.height(), s.width()),
                        distinct(s.dims())),
                OperationCase.of(
                        "averagePool/" + s.text(),
                        Shape.of(s.dims()).size(1, 3),
                        t -> t.getFirst().adaptiveAveragePool(s.height(), s.width()),
                        within(1, 3, s.dims())));
    }
}
