package athanor.engine.check;

import static athanor.engine.check.Input.any;
import static athanor.engine.check.Input.indices;
import static athanor.engine.check.Input.within;
import static athanor.engine.check.OperationCase.constant;
import static athanor.engine.check.OperationCase.of;

import athanor.engine.DType;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import java.util.stream.Stream;

/// Operations that move elements.
final class ShapeCases {
    private ShapeCases() {}

    static Stream<OperationCase> cases() {
        return Stream.of(
                of("reshape/matrix", 0, t -> t.getFirst().reshape(6, 4), any(2, 3, 4)),
                of("reshape/open", 0, t -> t.getFirst().reshape(-1, 2), any(2, 3, 4)),
                of("reshape/scalar", 0, t -> t.getFirst().reshape(), any(1, 1)),
                of("reshape/empty", 0, t -> t.getFirst().reshape(-1, 5), any(0, 10)),
                of("flatten/image", 0, t -> t.getFirst().flatten(), any(2, 7, 5, 3)),
                of("flatten/channel", 0, t -> t.getFirst().flatten(), any(2, 7, 5, 1)),
                of("flatten/pixel", 0, t -> t.getFirst().flatten(), any(2, 1, 1, 10)),
                of("flatten/matrix", 0, t -> t.getFirst().flatten(), any(2, 10)),
                of("flatten/empty", 0, t -> t.getFirst().flatten(), any(0, 2, 2, 3)),
                of("transpose/matrix", 0, t -> t.getFirst().transpose(), any(17, 9)),
                of("transpose/row", 0, t -> t.getFirst().transpose(), any(1, 33)),
                of("transpose/large", 0, t -> t.getFirst().transpose(), any(301, 203)),
                of("transpose/batch", 0, t -> t.getFirst().transpose(), any(3, 8, 16)),
                of("transpose/empty", 0, t -> t.getFirst().transpose(), any(0, 3)),
                of("transpose/same", 0, t -> t.getFirst().transpose(0, 1, 2), any(3, 4, 5)),
                of("transpose/first", 0, t -> t.getFirst().transpose(1, 0, 2), any(3, 4, 17)),
                of("transpose/cycle", 0, t -> t.getFirst().transpose(-1, 0, 1), any(3, 4, 5)),
                of("transpose/nchw", 0, t -> t.getFirst().transpose(0, 3, 1, 2), any(2, 7, 13, 3)),
                of("transpose/nhwc", 0, t -> t.getFirst().transpose(0, 2, 3, 1), any(2, 17, 7, 5)),
                constant(
                        "transpose/integers", 0, t -> t.getFirst().transpose(), indices(99, 5, 17)),
                of("slice/rows", 0, t -> t.getFirst().slice(0, 1, 3), any(4, 5)),
                of("slice/columns", 0, t -> t.getFirst().slice(-1, 2, 19), any(3, 21)),
                of("slice/middle", 0, t -> t.getFirst().slice(1, 1, 2), any(2, 3, 17)),
                of("slice/nothing", 0, t -> t.getFirst().slice(0, 2, 2), any(4, 5)),
                of("slice/vector", 0, t -> t.getFirst().slice(0, 3, 20_003), any(40_003)),
                of("pad/rows", 0, t -> t.getFirst().pad(0, 1, 2), any(4, 5)),
                of("pad/columns", 0, t -> t.getFirst().pad(-1, 3, 0), any(3, 17)),
                of("pad/middle", 0, t -> t.getFirst().pad(1, 1, 1), any(2, 3, 17)),
                of("pad/empty", 0, t -> t.getFirst().pad(0, 2, 0), any(0, 5)),
                of(
                        "concat/rows",
                        0,
                        t -> Tensor.concat(0, t.get(0), t.get(1)),
                        any(3, 17),
                        any(1, 17)),
                of(
                        "concat/channels",
                        0,
                        t -> Tensor.concat(-1, t.get(0), t.get(1), t.get(2)),
                        any(2, 7, 3),
                        any(2, 7, 10),
                        any(2, 7, 1)),
                of(
                        "concat/middle",
                        0,
                        t -> Tensor.concat(1, t.get(0), t.get(1)),
                        any(2, 3, 16),
                        any(2, 1, 16)),
                of(
                        "concat/empty",
                        0,
                        t -> Tensor.concat(0, t.get(0), t.get(1)),
                        any(0, 5),
                        any(2, 5)),
                of("concat/one", 0, t -> Tensor.concat(0, t.getFirst()), any(3)),
                of(
                        "concat/itself",
                        0,
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
                of("cast/double", 0, t -> t.getFirst().cast(DType.FLOAT64), any(17)),
                // Its rounding is no function to differentiate; the gradient of cast/double is it.
                constant("cast/float", 0, t -> t.getFirst().cast(DType.FLOAT32), any(17)),
                constant("cast/integer", 0, t -> t.getFirst().cast(DType.INT32), within(-9, 9, 67)),
                constant("cast/byte", 0, t -> t.getFirst().cast(DType.UINT8), within(0, 255, 67)),
                constant(
                        "cast/fromInteger",
                        0,
                        t -> t.getFirst().cast(DType.FLOAT32),
                        indices(99, 67)));
    }

    private static OperationCase gather(String name, Input rows, int count) {
        return of(
                "gather/" + name,
                0,
                t -> t.get(0).gather(t.get(1)),
                rows,
                indices(rows.shape().dim(0), count));
    }

    private static OperationCase expand(String name, Input from, int... to) {
        return of("expand/" + name, 0, t -> t.getFirst().expand(Shape.of(to)), from);
    }
}
