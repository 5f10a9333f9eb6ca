package athanor.bench;

import athanor.kernels.elementwise.Unary;
import athanor.kernels.optimize.AdamStep;
import athanor.kernels.optimize.SgdStep;
import java.util.Optional;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/// Steps of SGD with momentum and of Adam. A step changes the parameter in place; the gradient
/// stays, and no number runs away.
public class OptimizerBenchmark extends KernelBenchmark {
    private static final SgdStep SGD = new SgdStep(0.1, 0.9, 5e-4, false, false);
    private static final AdamStep ADAM = new AdamStep(0.001, 0.9, 0.999, 1e-8, 0, false, 10);

    /// Numbers in the parameter.
    @Param("1048576")
    public int size;

    @Param({"sgd", "adam"})
    public String optimizer = "";

    @Setup(Level.Trial)
    public void prepare() {
        switch (optimizer) {
            case "sgd" ->
                    prepare(
                            5.0 * size,
                            (backend, x) -> backend.sgd(SGD, x[0], x[1], Optional.of(x[2]), size),
                            size,
                            size,
                            size);
            case "adam" ->
                    prepare(
                            7.0 * size,
                            (backend, x) -> backend.unary(Unary.SQUARE, x[3], x[3], size),
                            (backend, x) -> backend.adam(ADAM, x[0], x[1], x[2], x[3], size),
                            size,
                            size,
                            size,
                            size);
            default -> throw unknown("optimizer", optimizer);
        }
    }

    @Benchmark
    public void step(Traffic done) {
        run(done);
    }
}
