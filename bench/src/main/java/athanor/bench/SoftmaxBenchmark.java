package athanor.bench;

import athanor.engine.Backend;
import athanor.engine.Buffer;
import athanor.engine.Shape;
import athanor.kernels.elementwise.Binary;
import athanor.kernels.elementwise.Unary;
import athanor.kernels.reduce.Reduction;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/// Softmax over rows, and the primitives that the loss of a classifier is made of, forward and
/// backward.
public class SoftmaxBenchmark extends KernelBenchmark {
    private static final boolean[] ALL = {true, true};

    /// rows x classes: CIFAR-10, ImageNet, and one that no second-level cache holds.
    @Param({"128x10", "128x1000", "4096x1000"})
    public String size = "";

    @Param({"softmax", "softmaxGradient", "logSoftmax", "logSoftmaxGradient", "crossEntropy"})
    public String pass = "";

    @Setup(Level.Trial)
    public void prepare() {
        int rows = numbers(size, 2)[0];
        int classes = numbers(size, 2)[1];
        int n = rows * classes;
        switch (pass) {
            case "softmax" ->
                    prepare(
                            2.0 * n,
                            (backend, x) -> backend.softmax(x[0], rows, classes, x[1]),
                            n,
                            n);
            case "softmaxGradient" ->
                    prepare(
                            3.0 * n,
                            (backend, x) ->
                                    backend.softmaxGradient(x[0], x[1], rows, classes, x[2]),
                            n,
                            n,
                            n);
            case "logSoftmax" ->
                    prepare(
                            2.0 * n,
                            (backend, x) -> backend.logSoftmax(x[0], rows, classes, x[1]),
                            n,
                            n);
            case "logSoftmaxGradient" ->
                    prepare(
                            3.0 * n,
                            (backend, x) ->
                                    backend.logSoftmaxGradient(x[0], x[1], rows, classes, x[2]),
                            n,
                            n,
                            n);
            case "crossEntropy" -> {
                Shape shape = Shape.of(rows, classes);
                prepare(
                        2.0 * n + rows,
                        (backend, x) -> x[1] = numbers(backend, rows, classes),
                        (backend, x) -> differentiate(backend, shape, x),
                        n,
                        rows,
                        n,
                        n,
                        1,
                        n);
            }
            default -> throw unknown("pass", pass);
        }
    }

    /// x: logits, labels; targets, logarithms of the probabilities, loss, gradient.
    private static void differentiate(Backend backend, Shape shape, Buffer[] x) {
        int n = shape.size();
        backend.oneHot(x[1], shape.dim(0), shape.dim(1), 1, 0, x[2]);
        backend.logSoftmax(x[0], shape.dim(0), shape.dim(1), x[3]);
        backend.binary(Binary.MULTIPLY, x[2], shape, x[3], shape, x[5], shape);
        backend.reduce(Reduction.SUM, x[5], shape, ALL, x[4]);
        backend.unary(Unary.EXP, x[3], x[5], n);
        backend.binary(Binary.SUBTRACT, x[5], shape, x[2], shape, x[5], shape);
    }

    @Benchmark
    public void pass(Traffic done) {
        run(done);
    }
}
