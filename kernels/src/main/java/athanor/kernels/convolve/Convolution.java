package athanor.kernels.convolve;

/// Convolution and its two gradients; see [ConvolutionGeometry] for the formula and the layouts.
public final class Convolution {
    private Convolution() {}

    /// Writes y.
    public static void forward(ConvolutionGeometry g, float[] x, float[] w, float[] y) {
        PlainConvolution.forward(g, x, w, y);
    }

    /// Writes dx, also where no output reads the input: the gradient is 0 there.
    public static void inputGradient(ConvolutionGeometry g, float[] dy, float[] w, float[] dx) {
        PlainConvolution.inputGradient(g, dy, w, dx);
    }

    /// Writes dw.
    public static void filterGradient(ConvolutionGeometry g, float[] x, float[] dy, float[] dw) {
        PlainConvolution.filterGradient(g, x, dy, dw);
    }
}
