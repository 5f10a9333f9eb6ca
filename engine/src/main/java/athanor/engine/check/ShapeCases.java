package athanor.engine.check;

import static athanor.engine.check.Input.any;
import static athanor.engine.check.Input.indices;
import static athanor.engine.check.Input.within;

import athanor.engine.DType;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/// Operations that move elements.
final class ShapeCases {
    private ShapeCases() {}

    static Stream<OperationCase> cases() {
        return Stream.of(
                moved("reshape/matrix", x -> x.reshape(6, 4), any(2, 3, 4)),
                moved("reshape/open", x -> x.reshape(-1, 2), any(2, 3, 4)),
                moved("reshape/scalar", x -> x.reshape(), any(1, 1)),
                moved("reshape/empty", x -> x.reshape(-1, 5), any(0, 10)),
                moved("flatten/image", x -> x.flatten(), any(2, 7, 5, 3)),
                moved("flatten/channel", x -> x.flatten(), any(2, 7, 5, 1)),
                moved("flatten/pixel", x -> x.flatten(), any(2, 1, 1, 10)),
                moved("flatten/matrix", x -> x.flatten(), any(2, 10)),
                moved("flatten/empty", x -> x.flatten(), any(0, 2, 2, 3)),
                moved("transpose/matrix", x -> x.transpose(), any(17, 9)),
                moved("transpose/row", x -> x.transpose(), any(1, 33)),
                moved("transpose/large", x -> x.transpose(), any(301, 203)),
                moved("transpose/batch", x -> x.transpose(), any(3, 8, 16)),
                moved("transpose/empty", x -> x.transpose(), any(0, 3)),
                moved("transpose/same", x -> x.transpose(0, 1, 2), any(3, 4, 5)),
                moved("transpose/first", x -> x.transpose(1, 0, 2), any(3, 4, 17)),
                moved("transpose/cycle", x -> x.transpose(-1, 0, 1), any(3, 4, 5)),
                moved("transpose/nchw", x -> x.transpose(0, 3, 1, 2), any(2, 7, 13, 3)),
                moved("transpose/nhwc", x -> x.transpose(0, 2, 3, 1), any(2, 17, 7, 5)),
                constant("transpose/integers", x -> x.transpose(), indices(99, 5, 17)),
                moved("slice/rows", x -> x.slice(0, 1, 3), any(4, 5)),
                moved("slice/columns", x -> x.slice(-1, 2, 19), any(3, 21)),
                moved("slice/middle", x -> x.slice(1, 1, 2), any(2, 3, 17)),
                moved("slice/nothing", x -> x.slice(0, 2, 2), any(4, 5)),
                moved("slice/vector", x -> x.slice(0, 3, 20_003), any(40_003)),
                moved("pad/rows", x -> x.pad(0, 1, 2), any(4, 5)),
                moved("pad/columns", x -> x.pad(-1, 3, 0), any(3, 17)),
                moved("pad/middle", x -> x.pad(1, 1, 1), any(2, 3, 17)),
                moved("pad/empty", x -> x.pad(0, 2, 0), any(0, 5)),
                concat("rows", 0, any(3, 17), any(1, 17)),
                concat("channels", -1, any(2, 7, 3), any(2, 7, 10), any(2, 7, 1)),
                concat("middle", 1, any(2, 3, 16), any(2, 1, 16)),
                concat("empty", 0, any(0, 5), any(2, 5)),
                concat("one", 0, any(3)),
                moved("concat/itself", x -> Tensor.concat(0, x, x), any(3, 5)),
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
                moved("cast/double", x -> x.cast(DType.FLOAT64), any(17)),
                // Its rounding is no function to differentiate: too many for the formulas' check.
                moved("cast/float", x -> x.cast(DType.FLOAT32), any(7000)),
                constant("cast/integer", x -> x.cast(DType.INT32), within(-9, 9, 67)),
                constant("cast/byte", x -> x.cast(DType.UINT8), within(0, 255, 67)),
                constant("cast/fromInteger", x -> x.cast(DType.FLOAT32), indices(99, 67)));
    }

    private static OperationCase moved(String name, UnaryOperator<Tensor> function, Input x) {
        return OperationCase.of(name, 0, t -> function.apply(t.getFirst()), x);
    }

    private static OperationCase constant(String name, UnaryOperator<Tensor> function, Input x) {
        return OperationCase.constant(name, 0, t -> function.apply(t.getFirst()), x);
    }

    private static OperationCase concat(String name, int axis, Input... inputs) {
        return OperationCase.of(
                "concat/" + name, 0, t -> Tensor.concat(axis, t.toArray(Tensor[]::new)), inputs);
    }

    private static OperationCase gather(String name, Input rows, int count) {
        Input index = indices(rows.shape().dim(0), count);
        return OperationCase.of("gather/" + name, 0, t -> t.get(0).gather(t.get(1)), rows, index);
    }

    private static OperationCase expand(String name, Input from, int... to) {
        return moved("expand/" + name, x -> x.expand(Shape.of(to)), from);
    }
}
