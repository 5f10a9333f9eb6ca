package athanor.bench;

import athanor.engine.Backend;
import athanor.engine.Buffer;
import athanor.engine.Gate;
import java.util.Optional;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/// The passes of batch normalization with a residual and ReLU, forward and backward.
public class BatchNormBenchmark extends KernelBenchmark {
    /// rows x channels: 32 images of 32x32, 16x16 and 4x4.
    @Param({"32768x256", "8192x128", "512x2048"})
    public String size = "";

    @Param({"moments", "normalizeAddRelu", "sumsAndGradient"})
    public String pass = "";

    @Setup(Level.Trial)
    public void prepare() {
        int rows = numbers(size, 2)[0];
        int c = numbers(size, 2)[1];
        int n = rows * c;
        switch (pass) {
            case "moments" ->
                    prepare(
                            n,
                            (backend, x) -> backend.channelMoments(x[0], rows, c, x[1], x[2]),
                            n,
                            c,
                            c);
            case "normalizeAddRelu" ->
                    prepare(
                            3.0 * n,
                            (backend, x) ->
                                    backend.normalizeAddRelu(
                                            x[0],
                                            rows,
                                            c,
                                            x[1],
                                            x[2],
                                            Optional.of(x[3]),
                                            true,
                                            x[4]),
                            n,
                            c,
                            c,
                            n,
                            n);
            case "sumsAndGradient" ->
                    prepare(
                            8.0 * n,
                            (backend, x) -> differentiate(backend, rows, c, x),
                            n,
                            n,
                            n,
                            c,
                            c,
                            c,
                            c,
                            c,
                            n,
                            n);
            default -> throw unknown("pass", pass);
        }
    }

    /// x: dy, gate, input; mean, inverse deviation, scale, dScale, dShift; dx, dResidual.
    private static void differentiate(Backend backend, int rows, int channels, Buffer[] x) {
        Gate gate = new Gate.Result(x[1]);
        backend.batchNormSums(x[0], gate, x[2], rows, channels, x[3], x[4], x[6], x[7]);
        backend.batchNormGradient(
                x[0],
                gate,
                x[2],
                rows,
                channels,
                x[3],
                x[4],
                x[5],
                x[6],
                x[7],
                x[8],
                Optional.of(x[9]));
    }

    @Benchmark
    public void pass(Traffic done) {
        run(done);
    }
}
