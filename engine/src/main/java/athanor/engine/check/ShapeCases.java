package athanor.engine.check;

import static athanor.engine.check.Input.any;
import static athanor.engine.check.Input.indices;
import static athanor.engine.check.Input.within;

import athanor.engine.DType;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/// Operations that move elements.
final class ShapeCases {
    private ShapeCases() {}

    static Stream<OperationCase> cases() {
        return Stream.of(
                moved("reshape/matrix", t -> t.getFirst().reshape(6, 4), any(2, 3, 4)),
                moved("reshape/open", t -> t.getFirst().reshape(-1, 2), any(2, 3, 4)),
                moved("reshape/scalar", t -> t.getFirst().reshape(), any(1, 1)),
                moved("reshape/empty", t -> t.getFirst().reshape(-1, 5), any(0, 10)),
                moved("flatten/image", t -> t.getFirst().flatten(), any(2, 7, 5, 3)),
                moved("flatten/channel", t -> t.getFirst().flatten(), any(2, 7, 5, 1)),
                moved("flatten/pixel", t -> t.getFirst().flatten(), any(2, 1, 1, 10)),
                moved("flatten/matrix", t -> t.getFirst().flatten(), any(2, 10)),
                moved("flatten/empty", t -> t.getFirst().flatten(), any(0, 2, 2, 3)),
                moved("transpose/matrix", t -> t.getFirst().transpose(), any(17, 9)),
                moved("transpose/row", t -> t.getFirst().transpose(), any(1, 33)),
                moved("transpose/large", t -> t.getFirst().transpose(), any(301, 203)),
                moved("transpose/batch", t -> t.getFirst().transpose(), any(3, 8, 16)),
                moved("transpose/empty", t -> t.getFirst().transpose(), any(0, 3)),
                moved("transpose/same", t -> t.getFirst().transpose(0, 1, 2), any(3, 4, 5)),
                moved("transpose/first", t -> t.getFirst().transpose(1, 0, 2), any(3, 4, 17)),
                moved("transpose/cycle", t -> t.getFirst().transpose(-1, 0, 1), any(3, 4, 5)),
                moved("transpose/nchw", t -> t.getFirst().transpose(0, 3, 1, 2), any(2, 7, 13, 3)),
                moved("transpose/nhwc", t -> t.getFirst().transpose(0, 2, 3, 1), any(2, 17, 7, 5)),
                OperationCase.constant(
                        "transpose/integers", 0, t -> t.getFirst().transpose(), indices(99, 5, 17)),
                moved("slice/rows", t -> t.getFirst().slice(0, 1, 3), any(4, 5)),
                moved("slice/columns", t -> t.getFirst().slice(-1, 2, 19), any(3, 21)),
                moved("slice/middle", t -> t.getFirst().slice(1, 1, 2), any(2, 3, 17)),
                moved("slice/nothing", t -> t.getFirst().slice(0, 2, 2), any(4, 5)),
                moved("slice/vector", t -> t.getFirst().slice(0, 3, 20_003), any(40_003)),
                moved("pad/rows", t -> t.getFirst().pad(0, 1, 2), any(4, 5)),
                moved("pad/columns", t -> t.getFirst().pad(-1, 3, 0), any(3, 17)),
                moved("pad/middle", t -> t.getFirst().pad(1, 1, 1), any(2, 3, 17)),
                moved("pad/empty", t -> t.getFirst().pad(0, 2, 0), any(0, 5)),
                moved(
                        "concat/rows",
                        t -> Tensor.concat(0, t.get(0), t.get(1)),
                        any(3, 17),
                        any(1, 17)),
                moved(
                        "concat/channels",
                        t -> Tensor.concat(-1, t.get(0), t.get(1), t.get(2)),
                        any(2, 7, 3),
                        any(2, 7, 10),
                        any(2, 7, 1)),
                moved(
                        "concat/middle",
                        t -> Tensor.concat(1, t.get(0), t.get(1)),
                        any(2, 3, 16),
                        any(2, 1, 16)),
                moved(
                        "concat/empty",
                        t -> Tensor.concat(0, t.get(0), t.get(1)),
                        any(0, 5),
                        any(2, 5)),
                moved("concat/one", t -> Tensor.concat(0, t.getFirst()), any(3)),
                moved(
                        "concat/itself",
                        t -> Tensor.concat(0, t.getFirst(), t.getFirst()),
                        any(3, 5)),
                gather("rows", any(7, 17), 12),
                gather("vector", any(30), 9),
                gather("images", any(4, 5, 5, 3), 3),
                gather("nothing", any(4, 3), 0),
                gather("large", any(300, 130), 700),
                expand("scalar", any(), 3, 17),
                expand("row", any(17), 5, 17),
                expand("column", any(5, 1), 5, 16),
                expand("middle", any(2, 1, 17), 2, 7, 17),
                expand("same", any(3, 4), 3, 4),
                expand("empty", any(1, 3), 0, 3),
                expand("large", any(1, 203), 301, 203),
                moved("cast/double", t -> t.getFirst().cast(DType.FLOAT64), any(17)),
                // Its rounding is no function to differentiate; the gradient of cast/double is it.
                OperationCase.constant(
                        "cast/float", 0, t -> t.getFirst().cast(DType.FLOAT32), any(17)),
                OperationCase.constant(
                        "cast/integer", 0, t -> t.getFirst().cast(DType.INT32), within(-9, 9, 67)),
                OperationCase.constant(
                        "cast/byte", 0, t -> t.getFirst().cast(DType.UINT8), within(0, 255, 67)),
                OperationCase.constant(
                        "cast/fromInteger",
                        0,
                        t -> t.getFirst().cast(DType.FLOAT32),
                        indices(99, 67)));
    }

    private static OperationCase gather(String name, Input rows, int count) {
        return moved(
                "gather/" + name,
                t -> t.get(0).gather(t.get(1)),
                rows,
                indices(rows.shape().dim(0), count));
    }

    private static OperationCase expand(String name, Input from, int... to) {
        return moved("expand/" + name, t -> t.getFirst().expand(Shape.of(to)), from);
    }

    private static OperationCase moved(
            String name, Function<List<Tensor>, Tensor> function, Input... inputs) {
        return OperationCase.of(name, 0, function, inputs);
    }
}
