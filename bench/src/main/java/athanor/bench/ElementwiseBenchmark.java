package athanor.bench;

import athanor.engine.Shape;
import athanor.kernels.elementwise.Binary;
import athanor.kernels.elementwise.Unary;
import athanor.kernels.random.PhiloxKey;
import athanor.kernels.reduce.Reduction;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/// Functions of one or two numbers along `[rows, columns]`; `broadcast` adds `[columns]`,
/// `columnSums` is its gradient. One size stays in the caches, the other does not.
public class ElementwiseBenchmark extends KernelBenchmark {
    private static final boolean[] ROWS = {true, false};
    private static final PhiloxKey KEY = PhiloxKey.of(1);

    /// rows x columns.
    @Param({"256x512", "16384x1024"})
    public String size = "";

    @Param({"add", "relu", "exp", "broadcast", "columnSums", "dropoutMask"})
    public String operation = "";

    @Setup(Level.Trial)
    public void prepare() {
        Shape all = Shape.of(numbers(size, 2));
        Shape row = Shape.of(all.dim(1));
        int n = all.size();
        switch (operation) {
            case "add" ->
                    prepare(
                            3.0 * n,
                            (backend, x) ->
                                    backend.binary(Binary.ADD, x[0], all, x[1], all, x[2], all),
                            n,
                            n,
                            n);
            case "relu" ->
                    prepare(
                            2.0 * n,
                            (backend, x) -> backend.unary(Unary.RELU, x[0], x[1], n),
                            n,
                            n);
            case "exp" ->
                    prepare(2.0 * n, (backend, x) -> backend.unary(Unary.EXP, x[0], x[1], n), n, n);
            case "broadcast" ->
                    prepare(
                            2.0 * n + row.size(),
                            (backend, x) ->
                                    backend.binary(Binary.ADD, x[0], all, x[1], row, x[2], all),
                            n,
                            row.size(),
                            n);
            case "columnSums" ->
                    prepare(
                            n + 1.0 * row.size(),
                            (backend, x) -> backend.reduce(Reduction.SUM, x[0], all, ROWS, x[1]),
                            n,
                            row.size());
            case "dropoutMask" ->
                    prepare(n, (backend, x) -> backend.dropoutMask(KEY, 0.5, x[0], n), n);
            default -> throw unknown("operation", operation);
        }
    }

    @Benchmark
    public void apply(Traffic done) {
        run(done);
    }
}
