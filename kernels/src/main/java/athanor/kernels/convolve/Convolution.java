package athanor.kernels.convolve;

import athanor.kernels.matmul.Epilogue;
import athanor.kernels.matmul.Gemm;
import athanor.kernels.matmul.NoEpilogue;
import java.util.Arrays;

/// Convolution and its two gradients; see [ConvolutionGeometry] for the formula and the layouts,
/// [PlainConvolution] for the loops that define them. The shape alone chooses the algorithm, here:
///
/// * 1x1 of stride 1 is a matrix product, see [Gemm].
/// * 3x3 and 5x5 of stride 1 go by Winograd's tiles, see [Winograd], where there are channels to
///   fill a vector and images larger than the half of a tile.
/// * All else is a product of what each output place sees with the filters, without a matrix of
///   that: [FilterSweep], and for the gradient of the filters [FilterGradient].
public final class Convolution {
    private static final int WINOGRAD_CHANNELS = 16;
    private static final int WINOGRAD_SIDE = 3;

    private Convolution() {}

    private static boolean isWinograd(ConvolutionGeometry g) {
        int side = g.filterHeight();
        return (side == 3 || side == 5)
                && g.filterWidth() == side
                && g.strideHeight() == 1
                && g.strideWidth() == 1
                && g.dilationHeight() == 1
                && g.dilationWidth() == 1
                && g.paddingHeight() < side
                && g.paddingWidth() < side
                && g.groups() == 1
                && Math.min(g.channels(), g.filters()) >= WINOGRAD_CHANNELS
                && Math.min(g.outputHeight(), g.outputWidth()) >= WINOGRAD_SIDE;
    }

    /// Writes y.
    public static void forward(ConvolutionGeometry g, float[] x, float[] w, float[] y) {
        forward(g, x, w, y, NoEpilogue.NONE);
    }

    /// Writes y, finished.
    public static void forward(
            ConvolutionGeometry g, float[] x, float[] w, float[] y, Epilogue epilogue) {
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
                    false,
                    epilogue);
            return;
        }
        if (isWinograd(g)) {
            Winograd winograd = Winograd.forward(g);
            winograd.run(x, winograd.packForward(w), y, epilogue);
            return;
        }
        FilterSweep sweep = FilterSweep.forward(g);
        sweep.run(x, sweep.packForward(w), y, false, epilogue);
    }

    /// Writes dx, also where no output reads the input: the gradient is 0 there.
    public static void inputGradient(ConvolutionGeometry g, float[] dy, float[] w, float[] dx) {
        inputGradient(g, dy, w, dx, false);
    }

    /// Whether [#addInputGradient] does it, in one pass.
    public static boolean addsInputGradient(ConvolutionGeometry g) {
        return !isWinograd(g);
    }

    /// Adds to dx.
    public static void addInputGradient(ConvolutionGeometry g, float[] dy, float[] w, float[] dx) {
        inputGradient(g, dy, w, dx, true);
    }

    private static void inputGradient(
            ConvolutionGeometry g, float[] dy, float[] w, float[] dx, boolean accumulate) {
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
                    accumulate);
            return;
        }
        if (isWinograd(g)) {
            Winograd winograd = Winograd.inputGradient(g);
            winograd.run(dy, winograd.packGradient(w), dx, NoEpilogue.NONE);
            return;
        }
        FilterSweep sweep = FilterSweep.inputGradient(g);
        sweep.run(dy, sweep.packGradient(w), dx, accumulate, NoEpilogue.NONE);
    }

    /// Writes dw.
    public static void filterGradient(ConvolutionGeometry g, float[] x, float[] dy, float[] dw) {
        if (g.outputRows() == 0 || g.filters() * g.filterLength() == 0) {
            Arrays.fill(dw, 0, g.filters() * g.filterLength(), 0);
            return;
        }
        if (isWinograd(g)) {
            WinogradFilterGradient.of(g).run(x, dy, dw);
            return;
        }
        FilterGradient.of(g).run(x, dy, dw);
    }
}
