package athanor.engine.check;

import athanor.engine.Backend;
import athanor.engine.Conv2dOptions;
import athanor.engine.DType;
import athanor.engine.HostBuffer;
import athanor.engine.Moments;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.operation.Concat;
import athanor.engine.operation.Convolution;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Wrong uses of operations.
final class ErrorCases {
    private static final Conv2dOptions PLAIN = Conv2dOptions.DEFAULT;

    private ErrorCases() {}

    static List<ErrorCase> cases() {
        return List.of(
                of(
                        "add/lengths",
                        b -> x(b, 2, 3).add(x(b, 4)),
                        "add",
                        "[2, 3]",
                        "[4]",
                        "equal, or one of them 1",
                        "reshape"),
                of(
                        "multiply/types",
                        b -> x(b, 2).mul(indices(b, 0, 1)),
                        "multiply",
                        "FLOAT32",
                        "INT32",
                        "cast"),
                of(
                        "add/backends",
                        b -> x(b, 2).add(x(OverrideCheck.composed(b), 2)),
                        "add",
                        "different backends",
                        "make both on one"),
                of(
                        "matmul/inner",
                        b -> x(b, 32, 784).matmul(x(b, 512, 10)),
                        "matmul",
                        "784",
                        "512",
                        "[32, 784]",
                        "[512, 10]",
                        "must be equal",
                        "right.transpose()"),
                of(
                        "matmul/vector",
                        b -> x(b, 3).matmul(x(b, 3, 2)),
                        "matmul",
                        "two axes",
                        "[3]",
                        "[3, 2]",
                        "reshape"),
                of(
                        "matmul/batch",
                        b -> x(b, 2, 3, 4).matmul(x(b, 5, 4, 3)),
                        "matmul",
                        "[2]",
                        "[5]"),
                of(
                        "reshape/size",
                        b -> x(b, 2, 3).reshape(4, 2),
                        "reshape",
                        "6 elements",
                        "[4, 2]",
                        "[2, 3]",
                        "equal"),
                of("reshape/open", b -> x(b, 2, 3).reshape(-1, 4), "reshape", "[-1, 4]", "[2, 3]"),
                of("reshape/negative", b -> x(b, 2, 3).reshape(-2, -3), "[-2, -3]", "negative"),
                of(
                        "transpose/twice",
                        b -> x(b, 2, 3).transpose(0, 0),
                        "transpose",
                        "[0, 0]",
                        "[2, 3]",
                        "once"),
                of("transpose/vector", b -> x(b, 3).transpose(), "transpose", "[3]", "two axes"),
                of("sum/axis", b -> x(b, 2, 3).sum(2), "axis 2", "[2, 3]", "-2 to 1"),
                of(
                        "slice/bounds",
                        b -> x(b, 2, 3).slice(1, 2, 5),
                        "slice",
                        "2 to 5",
                        "[2, 3]",
                        "0..3"),
                of("pad/negative", b -> x(b, 2).pad(0, -1, 0), "pad", "-1", "slice"),
                of(
                        "concat/lengths",
                        b -> Tensor.concat(0, x(b, 2, 3), x(b, 2, 4)),
                        "concat",
                        "[2, 3]",
                        "[2, 4]",
                        "axis 0",
                        "another axis"),
                of(
                        "concat/ranks",
                        b -> Tensor.concat(1, x(b, 2, 3), x(b, 2)),
                        "concat",
                        "[2, 3]",
                        "[2]"),
                of("concat/nothing", b -> Concat.concat(0, List.of()), "concat", "at least one"),
                of(
                        "gather/type",
                        b -> x(b, 3, 2).gather(x(b, 1)),
                        "gather",
                        "INT32",
                        "FLOAT32",
                        "cast"),
                of(
                        "gather/row",
                        b -> x(b, 3, 2).gather(indices(b, 0, 3)),
                        "gather",
                        "index 3",
                        "[3, 2]",
                        "0 to 2"),
                of(
                        "expand/shape",
                        b -> x(b, 2, 3).expand(Shape.of(3)),
                        "expand",
                        "[2, 3]",
                        "[3]",
                        "Only axes of 1"),
                of(
                        "where/shapes",
                        b -> x(b, 2).where(x(b, 3), x(b, 2)),
                        "where",
                        "[2]",
                        "[3]",
                        "expand"),
                of(
                        "flatten/rank",
                        b -> x(b, 2, 3, 4).flatten(),
                        "flatten",
                        "[N, H, W, C]",
                        "[2, 3, 4]",
                        "reshape"),
                of(
                        "convolution/channels",
                        b -> x(b, 1, 5, 5, 3).conv2d(x(b, 8, 3, 3, 4), PLAIN),
                        "conv2d",
                        "3 channels",
                        "take 4",
                        "[1, 5, 5, 3]",
                        "[8, 3, 3, 4]",
                        "transpose(0, 2, 3, 1)"),
                of(
                        "convolution/groups",
                        b -> x(b, 1, 5, 5, 6).conv2d(x(b, 7, 3, 3, 3), PLAIN.groups(2)),
                        "conv2d",
                        "2 groups",
                        "[1, 5, 5, 6]",
                        "[7, 3, 3, 3]"),
                of(
                        "convolution/reach",
                        b -> x(b, 1, 5, 5, 3).conv2d(x(b, 8, 7, 7, 3), PLAIN),
                        "conv2d",
                        "7 x 7",
                        "[1, 5, 5, 3]",
                        "more padding"),
                of(
                        "convolution/rank",
                        b -> x(b, 5, 5, 3).conv2d(x(b, 8, 3, 3, 3), PLAIN),
                        "conv2d",
                        "[N, H, W, C]",
                        "[5, 5, 3]"),
                of(
                        "convolution/no stride",
                        b -> x(b, 1, 5, 5, 3).conv2d(x(b, 8, 3, 3, 3), PLAIN.stride(0)),
                        "conv2d",
                        "stride",
                        "0",
                        "1"),
                of(
                        "convolution/no groups",
                        b -> x(b, 1, 5, 5, 3).conv2d(x(b, 8, 3, 3, 3), PLAIN.groups(0)),
                        "conv2d",
                        "groups",
                        "0",
                        "1"),
                of(
                        "convolution/negative padding",
                        b -> x(b, 1, 5, 5, 3).conv2d(x(b, 8, 3, 3, 3), PLAIN.padding(-1)),
                        "conv2d",
                        "padding",
                        "-1"),
                of(
                        "normalizedConvolution/scale",
                        b ->
                                x(b, 1, 5, 5, 3)
                                        .conv2dNormalized(
                                                x(b, 4), x(b, 3), x(b, 8, 3, 3, 3), PLAIN),
                        "conv2dNormalized",
                        "[1, 5, 5, 3]",
                        "[4]",
                        "channel"),
                of(
                        "maxPool/window",
                        b -> x(b, 1, 2, 2, 3).maxPool(3, 1, 0),
                        "maxPool",
                        "window of 3",
                        "[1, 2, 2, 3]",
                        "smaller window"),
                of(
                        "averagePool/padding",
                        b -> x(b, 1, 8, 8, 3).averagePool(2, 2, 2),
                        "averagePool",
                        "padding 2",
                        "half the kernel"),
                of(
                        "averagePool/adaptive",
                        b -> x(b, 1, 8, 8, 3).adaptiveAveragePool(0, 1),
                        "adaptiveAveragePool",
                        "0 x 1",
                        "at least 1 x 1"),
                of(
                        "batchNorm/gamma",
                        b -> norm(b, x(b, 4), x(b, 3), x(b, 3), x(b, 2, 3)),
                        "batchNorm",
                        "gamma",
                        "[2, 3]",
                        "[4]",
                        "3 channels"),
                of(
                        "batchNorm/beta",
                        b -> norm(b, x(b, 3), x(b, 4), x(b, 3), x(b, 2, 3)),
                        "batchNorm",
                        "beta",
                        "[2, 3]",
                        "[4]",
                        "3 channels"),
                of(
                        "batchNorm/moments",
                        b -> norm(b, x(b, 3), x(b, 3), x(b, 4), x(b, 2, 3)),
                        "batchNorm",
                        "moments",
                        "[2, 3]",
                        "[4]",
                        "3 channels"),
                of(
                        "batchNorm/nothing",
                        b -> x(b, 0, 3).moments(),
                        "moments",
                        "[0, 3]",
                        "no elements",
                        "running statistics"),
                of(
                        "convolution/moments of nothing",
                        b -> Convolution.withMoments(x(b, 0, 5, 5, 3), x(b, 8, 3, 3, 3), PLAIN),
                        "conv2d",
                        "[0, 5, 5, 3]",
                        "no elements",
                        "batch of 1"),
                of(
                        "batchNorm/residual",
                        b -> norm(b, x(b, 3), x(b, 3), x(b, 3), x(b, 4, 3)),
                        "batchNorm",
                        "residual",
                        "[2, 3]",
                        "[4, 3]",
                        "projection"),
                of(
                        "layerNorm/gamma",
                        b -> x(b, 2, 3).layerNorm(x(b, 4), x(b, 3), 1e-5),
                        "layerNorm",
                        "gamma",
                        "[2, 3]",
                        "[4]",
                        "width 3"),
                of(
                        "layerNorm/beta",
                        b -> x(b, 2, 3).layerNorm(x(b, 3), x(b, 4), 1e-5),
                        "layerNorm",
                        "beta",
                        "[2, 3]",
                        "[4]",
                        "width 3"),
                of(
                        "localResponseNorm/size",
                        b -> x(b, 2, 3).localResponseNorm(0, 1, 1, 1),
                        "localResponseNorm",
                        "size",
                        "0",
                        "1"),
                of("dropout/probability", b -> x(b, 2).dropout(1), "dropout", "1.0", "[0, 1)"),
                of(
                        "crossEntropy/label",
                        b -> x(b, 2, 3).crossEntropy(indices(b, 0, 3)),
                        "crossEntropy",
                        "label 3",
                        "3 logits",
                        "0 to 2"),
                of(
                        "crossEntropy/count",
                        b -> x(b, 2, 3).crossEntropy(indices(b, 0, 1, 2)),
                        "crossEntropy",
                        "one label",
                        "[2, 3]",
                        "[3]"),
                of(
                        "crossEntropy/smoothing",
                        b -> x(b, 2, 3).crossEntropy(indices(b, 0, 1), 1.5),
                        "crossEntropy",
                        "smoothing",
                        "1.5",
                        "[0, 1]"),
                of(
                        "crossEntropy/soft",
                        b -> x(b, 2, 3).crossEntropySoft(x(b, 2, 4)),
                        "crossEntropy",
                        "targets",
                        "[2, 3]",
                        "[2, 4]"),
                of(
                        "crossEntropy/rank",
                        b -> x(b, 3).crossEntropySoft(x(b, 3)),
                        "crossEntropy",
                        "[N, classes]",
                        "[3]"),
                of(
                        "argmax/empty",
                        b -> x(b, 2, 0).argmax(1),
                        "argmax",
                        "[2, 0]",
                        "no elements",
                        "another axis"),
                of("extremum/empty", b -> x(b, 2, 0).max(1), "max", "[2, 0]", "no elements"),
                of("item/many", b -> x(b, 2).item(), "item", "[2]", "sum() or mean()"),
                of("assign/shape", b -> x(b, 2).assign(x(b, 3)), "assign", "[2]", "[3]", "equal"),
                of(
                        "assign/type",
                        b -> x(b, 2).assign(indices(b, 0, 1)),
                        "assign",
                        "FLOAT32",
                        "INT32",
                        "cast"),
                of(
                        "tensor/values",
                        b -> Tensor.of(b, Shape.of(3), HostBuffer.of(1f, 2f)),
                        "[3]",
                        "3 values",
                        "2 given"),
                of("shape/negative", _ -> Shape.of(2, -1), "[2, -1]", "negative"),
                of(
                        "shape/large",
                        _ -> Shape.of(1 << 16, 1 << 16),
                        "[65536, 65536]",
                        "smaller batch"),
                of(
                        "requireGradient/integers",
                        b -> indices(b, 1).requireGradient(),
                        "requireGradient",
                        "INT32",
                        "cast"),
                of(
                        "backward/vector",
                        b -> x(b, 2).requireGradient().backward(),
                        "backward",
                        "single number",
                        "[2]",
                        "sum().backward()"),
                of(
                        "backward/shape",
                        b -> x(b, 2).requireGradient().backward(x(b, 3), (_, _) -> {}),
                        "backward",
                        "[2]",
                        "[3]"),
                of("backward/constant", b -> x(b).backward(), "backward", "requireGradient()"));
    }

    private static ErrorCase of(String name, Consumer<Backend> use, String... parts) {
        return new ErrorCase(name, List.of(parts), use);
    }

    private static Tensor x(Backend backend, int... dims) {
        return Tensor.full(backend, DType.FLOAT32, Shape.of(dims), 1);
    }

    private static Tensor indices(Backend backend, int... values) {
        return Tensor.of(backend, Shape.of(values.length), HostBuffer.of(values));
    }

    /// Of a tensor `[2, 3]`.
    private static void norm(Backend b, Tensor gamma, Tensor beta, Tensor moment, Tensor residual) {
        x(b, 2, 3)
                .batchNorm(
                        new Moments(moment, moment),
                        false,
                        gamma,
                        beta,
                        1e-5,
                        Optional.of(residual),
                        true);
    }
}
