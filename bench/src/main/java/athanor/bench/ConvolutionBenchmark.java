package athanor.bench;

import athanor.kernels.convolve.ConvolutionGeometry;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/// The convolutions of ResNet-50 for CIFAR-10 in their three directions.
public class ConvolutionBenchmark extends KernelBenchmark {
    /// Height and width of the filter, stride, channels, filters, height and width of the image.
    @Param({
        "3x3/1 3-64@32",
        "1x1/1 64-256@32",
        "3x3/1 64-64@32",
        "3x3/2 128-128@32",
        "3x3/1 128-128@16",
        "3x3/1 256-256@8",
        "3x3/1 512-512@4"
    })
    public String size = "";

    @Param({"forward", "inputGradient", "filterGradient"})
    public String direction = "";

    @Param("16")
    public int batch;

    @Setup(Level.Trial)
    public void prepare() {
        int[] n = numbers(size, 6);
        ConvolutionGeometry g =
                new ConvolutionGeometry(
                        batch, n[5], n[5], n[3], n[4], n[0], n[1], n[2], n[2], n[0] / 2, n[1] / 2,
                        1, 1, 1);
        Kernel kernel =
                switch (direction) {
                    case "forward" -> (backend, x) -> backend.convolve(g, x[0], x[1], x[2]);
                    case "inputGradient" ->
                            (backend, x) -> backend.convolveInputGradient(g, x[2], x[1], x[0]);
                    case "filterGradient" ->
                            (backend, x) -> backend.convolveFilterGradient(g, x[0], x[2], x[1]);
                    default -> throw unknown("direction", direction);
                };
        int inputs = batch * g.height() * g.width() * g.channels();
        int weights = g.filters() * g.filterLength();
        prepare(2.0 * g.multiplyAdds(), kernel, inputs, weights, g.outputRows() * g.filters());
    }

    @Benchmark
    public void convolve(Arithmetic done) {
        run(done);
    }
}
