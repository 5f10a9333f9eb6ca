package athanor.bench;

import athanor.kernels.convolve.ConvolutionGeometry;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/// The convolutions of the models in their three directions: of ResNet-50 for CIFAR-10, then the
/// stems of ResNet-50 and AlexNet, AlexNet's 5x5 and the small CNN's second.
public class ConvolutionBenchmark extends KernelBenchmark {
    /// Height and width of the filter, stride, padding, channels, filters, height and width of the
    /// image.
    @Param({
        "3x3/1+1 3-64@32",
        "3x3/1+1 64-64@32",
        "3x3/1+1 128-128@16",
        "3x3/1+1 256-256@8",
        "3x3/1+1 512-512@4",
        "3x3/2+1 128-128@32",
        "3x3/2+1 256-256@16",
        "3x3/2+1 512-512@8",
        "1x1/1+0 64-256@32",
        "1x1/1+0 256-64@32",
        "1x1/1+0 512-128@16",
        "1x1/1+0 256-1024@8",
        "1x1/1+0 2048-512@4",
        "1x1/2+0 256-512@32",
        "7x7/2+3 1-64@28",
        "11x11/4+2 1-64@224",
        "5x5/1+2 64-192@27",
        "3x3/1+0 32-64@13"
    })
    public String size = "";

    @Param({"forward", "inputGradient", "filterGradient"})
    public String direction = "";

    @Param("16")
    public int batch;

    @Setup(Level.Trial)
    public void prepare() {
        ConvolutionGeometry all = geometry(batch);
        ConvolutionGeometry few = geometry(checked(batch, (double) all.multiplyAdds()));
        check(NOTHING, kernel(few), lengths(few));
        time(2.0 * all.multiplyAdds(), NOTHING, kernel(all), lengths(all));
    }

    private ConvolutionGeometry geometry(int images) {
        int[] n = numbers(size, 7);
        return new ConvolutionGeometry(
                images, n[6], n[6], n[4], n[5], n[0], n[1], n[2], n[2], n[3], n[3], 1, 1, 1);
    }

    private Kernel kernel(ConvolutionGeometry g) {
        return switch (direction) {
            case "forward" -> (backend, x) -> backend.convolve(g, x[0], x[1], x[2]);
            case "inputGradient" ->
                    (backend, x) -> backend.convolveInputGradient(g, x[2], x[1], x[0]);
            case "filterGradient" ->
                    (backend, x) -> backend.convolveFilterGradient(g, x[0], x[2], x[1]);
            default -> throw unknown("direction", direction);
        };
    }

    private static int[] lengths(ConvolutionGeometry g) {
        return new int[] {
            g.batch() * g.height() * g.width() * g.channels(),
            g.filters() * g.filterLength(),
            g.outputRows() * g.filters()
        };
    }

    @Benchmark
    public void convolve(Arithmetic done) {
        run(done);
    }
}
