package athanor.bench;

import athanor.engine.DType;
import athanor.kernels.pool.PoolGeometry;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/// Pooling, forward and backward: ResNet's stem, AlexNet's, the small CNN's, and the average at the
/// end of a ResNet (a window as large as its image).
public class PoolBenchmark extends KernelBenchmark {
    /// Height and width of the window, stride, padding, channels, height and width of the image.
    @Param({"3x3/2+1 64@112", "3x3/2+0 64@55", "2x2/2+0 32@26", "4x4/4+0 2048@4"})
    public String size = "";

    @Param({"max", "maxGradient", "average", "averageGradient"})
    public String pass = "";

    @Param("16")
    public int batch;

    @Setup(Level.Trial)
    public void prepare() {
        int[] n = numbers(size, 6);
        PoolGeometry g = PoolGeometry.sliding(batch, n[5], n[5], n[4], n[0], n[2], n[3]);
        int inputs = batch * g.height() * g.width() * g.channels();
        int outputs = batch * g.outputHeight() * g.outputWidth() * g.channels();
        Kernel places = (backend, x) -> x[2] = backend.allocate(DType.INT32, outputs);
        Kernel max = (backend, x) -> backend.maxPool(g, x[0], x[1], x[2]);
        Kernel kernel =
                switch (pass) {
                    case "max" -> max;
                    case "maxGradient" ->
                            (backend, x) -> backend.maxPoolGradient(g, x[1], x[2], x[0]);
                    case "average" -> (backend, x) -> backend.averagePool(g, x[0], x[1]);
                    case "averageGradient" ->
                            (backend, x) -> backend.averagePoolGradient(g, x[1], x[0]);
                    default -> throw unknown("pass", pass);
                };
        Kernel start =
                (backend, x) -> {
                    places.run(backend, x);
                    max.run(backend, x);
                };
        double moved = inputs + (pass.startsWith("max") ? 2.0 : 1.0) * outputs;
        prepare(moved, start, kernel, inputs, outputs, outputs);
    }

    @Benchmark
    public void pool(Traffic done) {
        run(done);
    }
}
