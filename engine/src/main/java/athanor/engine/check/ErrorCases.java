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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Wrong uses of operations.
final class ErrorCases {
    private static final Conv2dOptions PLAIN = Conv2dOptions.DEFAULT;

    private final List<ErrorCase> cases = new ArrayList<>();

    private ErrorCases() {}

    static List<ErrorCase> cases() {
        ErrorCases errors = new ErrorCases();
        errors.elementsAndShapes();
        errors.imagesAndNorms();
        errors.lossesAndTensors();
        return errors.cases;
    }

    private void elementsAndShapes() {
        expect(
                "add | [2, 3] | [4] | equal, or one of them 1 | reshape",
                b -> x(b, 2, 3).add(x(b, 4)));
        expect("multiply | FLOAT32 | INT32 | cast", b -> x(b, 2).mul(indices(b, 0, 1)));
        expect("add | different backends | make both on one", b -> x(b, 2).add(x(other(b), 2)));
        expect(
                "matmul | 784 | 512 | [32, 784] | [512, 10] | must be equal | right.transpose()",
                b -> x(b, 32, 784).matmul(x(b, 512, 10)));
        expect("matmul | two axes | [3] | [3, 2] | reshape", b -> x(b, 3).matmul(x(b, 3, 2)));
        expect("matmul | [2] | [5]", b -> x(b, 2, 3, 4).matmul(x(b, 5, 4, 3)));
        expect("reshape | 6 elements | [4, 2] | [2, 3] | equal", b -> x(b, 2, 3).reshape(4, 2));
        expect("reshape | [-1, 4] | [2, 3]", b -> x(b, 2, 3).reshape(-1, 4));
        expect("[-2, -3] | negative", b -> x(b, 2, 3).reshape(-2, -3));
        expect("transpose | [0, 0] | [2, 3] | once", b -> x(b, 2, 3).transpose(0, 0));
        expect("transpose | [3] | two axes", b -> x(b, 3).transpose());
        expect("axis 2 | [2, 3] | -2 to 1", b -> x(b, 2, 3).sum(2));
        expect("slice | 2 to 5 | [2, 3] | 0..3", b -> x(b, 2, 3).slice(1, 2, 5));
        expect("pad | -1 | slice", b -> x(b, 2).pad(0, -1, 0));
        expect(
                "concat | [2, 3] | [2, 4] | axis 0 | another axis",
                b -> Tensor.concat(0, x(b, 2, 3), x(b, 2, 4)));
        expect("concat | [2, 3] | [2]", b -> Tensor.concat(1, x(b, 2, 3), x(b, 2)));
        expect("concat | at least one", b -> Concat.concat(0, List.of()));
        expect("gather | INT32 | FLOAT32 | cast", b -> x(b, 3, 2).gather(x(b, 1)));
        expect("gather | index 3 | [3, 2] | 0 to 2", b -> x(b, 3, 2).gather(indices(b, 0, 3)));
        expect("expand | [2, 3] | [3] | Only axes of 1", b -> x(b, 2, 3).expand(Shape.of(3)));
        expect("where | [2] | [3] | expand", b -> x(b, 2).where(x(b, 3), x(b, 2)));
        expect("flatten | [N, H, W, C] | [2, 3, 4] | reshape", b -> x(b, 2, 3, 4).flatten());
        expect("argmax | [2, 0] | no elements | another axis", b -> x(b, 2, 0).argmax(1));
        expect("max | [2, 0] | no elements", b -> x(b, 2, 0).max(1));
    }

    private void imagesAndNorms() {
        expect(
                "conv2d | 3 channels | take 4 | [1, 5, 5, 3] | [8, 3, 3, 4] | transpose(0, 2, 3, 1)",
                b -> x(b, 1, 5, 5, 3).conv2d(x(b, 8, 3, 3, 4), PLAIN));
        expect(
                "conv2d | 2 groups | [1, 5, 5, 6] | [7, 3, 3, 3]",
                b -> x(b, 1, 5, 5, 6).conv2d(x(b, 7, 3, 3, 3), PLAIN.groups(2)));
        expect(
                "conv2d | 7 x 7 | [1, 5, 5, 3] | more padding",
                b -> x(b, 1, 5, 5, 3).conv2d(x(b, 8, 7, 7, 3), PLAIN));
        expect(
                "conv2d | [N, H, W, C] | [5, 5, 3]",
                b -> x(b, 5, 5, 3).conv2d(x(b, 8, 3, 3, 3), PLAIN));
        expect(
                "conv2d | stride | 0 | 1",
                b -> x(b, 1, 5, 5, 3).conv2d(x(b, 8, 3, 3, 3), PLAIN.stride(0)));
        expect(
                "conv2d | groups | 0 | 1",
                b -> x(b, 1, 5, 5, 3).conv2d(x(b, 8, 3, 3, 3), PLAIN.groups(0)));
        expect(
                "conv2d | padding | -1",
                b -> x(b, 1, 5, 5, 3).conv2d(x(b, 8, 3, 3, 3), PLAIN.padding(-1)));
        expect(
                "conv2dNormalized | [1, 5, 5, 3] | [4] | channel",
                b -> x(b, 1, 5, 5, 3).conv2dNormalized(x(b, 4), x(b, 3), x(b, 8, 3, 3, 3), PLAIN));
        expect(
                "maxPool | window of 3 | [1, 2, 2, 3] | smaller window",
                b -> x(b, 1, 2, 2, 3).maxPool(3, 1, 0));
        expect(
                "averagePool | padding 2 | half the kernel",
                b -> x(b, 1, 8, 8, 3).averagePool(2, 2, 2));
        expect(
                "adaptiveAveragePool | 0 x 1 | at least 1 x 1",
                b -> x(b, 1, 8, 8, 3).adaptiveAveragePool(0, 1));
        expect(
                "batchNorm | gamma | [2, 3] | [4] | 3 channels",
                b -> norm(b, x(b, 4), x(b, 3), x(b, 3), x(b, 2, 3)));
        expect(
                "batchNorm | beta | [2, 3] | [4] | 3 channels",
                b -> norm(b, x(b, 3), x(b, 4), x(b, 3), x(b, 2, 3)));
        expect(
                "batchNorm | moments | [2, 3] | [4] | 3 channels",
                b -> norm(b, x(b, 3), x(b, 3), x(b, 4), x(b, 2, 3)));
        expect("moments | [0, 3] | no elements | running statistics", b -> x(b, 0, 3).moments());
        expect(
                "conv2d | [0, 5, 5, 3] | no elements | batch of 1",
                b -> Convolution.withMoments(x(b, 0, 5, 5, 3), x(b, 8, 3, 3, 3), PLAIN));
        expect(
                "batchNorm | residual | [2, 3] | [4, 3] | projection",
                b -> norm(b, x(b, 3), x(b, 3), x(b, 3), x(b, 4, 3)));
        expect(
                "layerNorm | gamma | [2, 3] | [4] | width 3",
                b -> x(b, 2, 3).layerNorm(x(b, 4), x(b, 3), 1e-5));
        expect(
                "layerNorm | beta | [2, 3] | [4] | width 3",
                b -> x(b, 2, 3).layerNorm(x(b, 3), x(b, 4), 1e-5));
        expect("localResponseNorm | size | 0 | 1", b -> x(b, 2, 3).localResponseNorm(0, 1, 1, 1));
    }

    private void lossesAndTensors() {
        expect("dropout | 1.0 | [0, 1)", b -> x(b, 2).dropout(1));
        expect(
                "crossEntropy | label 3 | 3 logits | 0 to 2",
                b -> x(b, 2, 3).crossEntropy(indices(b, 0, 3)));
        expect(
                "crossEntropy | one label | [2, 3] | [3]",
                b -> x(b, 2, 3).crossEntropy(indices(b, 0, 1, 2)));
        expect(
                "crossEntropy | smoothing | 1.5 | [0, 1]",
                b -> x(b, 2, 3).crossEntropy(indices(b, 0, 1), 1.5));
        expect(
                "crossEntropy | targets | [2, 3] | [2, 4]",
                b -> x(b, 2, 3).crossEntropySoft(x(b, 2, 4)));
        expect("crossEntropy | [N, classes] | [3]", b -> x(b, 3).crossEntropySoft(x(b, 3)));
        expect("item | [2] | sum() or mean()", b -> x(b, 2).item());
        expect("assign | [2] | [3] | equal", b -> x(b, 2).assign(x(b, 3)));
        expect("assign | FLOAT32 | INT32 | cast", b -> x(b, 2).assign(indices(b, 0, 1)));
        expect("[3] | 3 values | 2 given", b -> Tensor.of(b, Shape.of(3), HostBuffer.of(1f, 2f)));
        expect("[2, -1] | negative", _ -> Shape.of(2, -1));
        expect("[65536, 65536] | smaller batch", _ -> Shape.of(1 << 16, 1 << 16));
        expect("requireGradient | INT32 | cast", b -> indices(b, 1).requireGradient());
        expect(
                "backward | single number | [2] | sum().backward()",
                b -> x(b, 2).requireGradient().backward());
        expect(
                "backward | [2] | [3]",
                b -> x(b, 2).requireGradient().backward(x(b, 3), (_, _) -> {}));
        expect("backward | requireGradient()", b -> x(b).backward());
    }

    /// The parts that the message must have are separated by bars.
    private void expect(String parts, Consumer<Backend> use) {
        cases.add(new ErrorCase(List.of(parts.split(" \\| ", -1)), use));
    }

    private static Backend other(Backend backend) {
        return backend == Backend.reference() ? Backend.cpu() : Backend.reference();
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
