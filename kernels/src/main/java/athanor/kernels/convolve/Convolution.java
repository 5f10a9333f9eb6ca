package athanor.kernels.convolve;

import athanor.kernels.matmul.Gemm;
import java.util.Arrays;

/// Convolution and its two gradients; see [ConvolutionGeometry] for the formula and the layouts,
/// [PlainConvolution] for the loops that define them.
public final class Convolution {
    private Convolution() {}

    /// Writes y.
    public static void forward(ConvolutionGeometry g, float[] x, float[] w, float[] y) {
        if (g.outputRows() == 0 || g.filters() == 0) {
            return;
        }
        if (g.isPointwise()) {
            int channels = g.channels();
            int filters = g.filters();
            Gemm.multiply(
                    false,
                    true,
                    g.outputRows(),
                    filters,
                    channels,
                    x,
                    0,
                    channels,
                    w,
                    0,
                    channels,
                    y,
                    0,
                    filters,
                    false);
            return;
        }
        FilterSweep sweep = FilterSweep.forward(g);
        sweep.run(x, sweep.packForward(w), y);
    }

    /// Writes dx, also where no output reads the input: the gradient is 0 there.
    public static void inputGradient(ConvolutionGeometry g, float[] dy, float[] w, float[] dx) {
        if (g.batch() * g.height() * g.width() * g.channels() == 0) {
            return;
        }
        if (g.isPointwise()) {
            int channels = g.channels();
            int filters = g.filters();
            Gemm.multiply(
                    false,
                    false,
                    g.outputRows(),
                    channels,
                    filters,
                    dy,
                    0,
                    filters,
                    w,
                    0,
                    channels,
                    dx,
                    0,
                    channels,
                    false);
            return;
        }
        FilterSweep sweep = FilterSweep.inputGradient(g);
        sweep.run(dy, sweep.packGradient(w), dx);
    }

    /// Writes dw.
    public static void filterGradient(ConvolutionGeometry g, float[] x, float[] dy, float[] dw) {
        if (g.outputRows() == 0 || g.filters() * g.filterLength() == 0) {
            Arrays.fill(dw, 0, g.filters() * g.filterLength(), 0);
            return;
        }
        FilterGradient.of(g).run(x, dy, dw);
    }
}
