package athanor.kernels.convolve;

/// Convolution and its two gradients as the loops that define them, in double: what a student reads
/// first, and what the tests compare with. Each visits every triple of an output, the filter
/// element and the input element it multiplies.
public final class PlainConvolution {
    private PlainConvolution() {}

    /// `y[n,p,q,k] = sum over r,s,c of x[n,h,w,c] w[k,r,s,c]` with `h = p stride - padding + r
    /// dilation`, w alike.
    public static void forward(ConvolutionGeometry g, float[] x, float[] w, float[] y) {
        double[] sums = new double[g.outputRows() * g.filters()];
        visit(g, (yIndex, wIndex, xIndex) -> sums[yIndex] += (double) x[xIndex] * w[wIndex]);
        round(sums, y);
    }

    /// `dx[n,h,w,c] = sum of dy[n,p,q,k] w[k,r,s,c]` over the outputs that read x[n,h,w,c].
    public static void inputGradient(ConvolutionGeometry g, float[] dy, float[] w, float[] dx) {
        double[] sums = new double[g.batch() * g.height() * g.width() * g.channels()];
        visit(g, (yIndex, wIndex, xIndex) -> sums[xIndex] += (double) dy[yIndex] * w[wIndex]);
        round(sums, dx);
    }

    /// `dw[k,r,s,c] = sum over n,p,q of dy[n,p,q,k] x[n,h,w,c]`.
    public static void filterGradient(ConvolutionGeometry g, float[] x, float[] dy, float[] dw) {
        double[] sums = new double[g.filters() * g.filterLength()];
        visit(g, (yIndex, wIndex, xIndex) -> sums[wIndex] += (double) dy[yIndex] * x[xIndex]);
        round(sums, dw);
    }

    private interface Visitor {
        void multiply(int yIndex, int wIndex, int xIndex);
    }

    private static void visit(ConvolutionGeometry g, Visitor visitor) {
        for (int n = 0; n < g.batch(); n++) {
            for (int p = 0; p < g.outputHeight(); p++) {
                for (int q = 0; q < g.outputWidth(); q++) {
                    for (int k = 0; k < g.filters(); k++) {
                        int yIndex =
                                ((n * g.outputHeight() + p) * g.outputWidth() + q) * g.filters()
                                        + k;
                        visitFilter(g, visitor, n, p, q, k, yIndex);
                    }
                }
            }
        }
    }

    private static void visitFilter(
            ConvolutionGeometry g, Visitor visitor, int n, int p, int q, int k, int yIndex) {
        int firstChannel = k / g.groupFilters() * g.groupChannels();
        for (int r = 0; r < g.filterHeight(); r++) {
            int h = p * g.strideHeight() - g.paddingHeight() + r * g.dilationHeight();
            for (int s = 0; s < g.filterWidth(); s++) {
                int w = q * g.strideWidth() - g.paddingWidth() + s * g.dilationWidth();
                if (h < 0 || h >= g.height() || w < 0 || w >= g.width()) {
                    continue;
                }
                int wIndex = ((k * g.filterHeight() + r) * g.filterWidth() + s) * g.groupChannels();
                int xIndex = ((n * g.height() + h) * g.width() + w) * g.channels() + firstChannel;
                for (int c = 0; c < g.groupChannels(); c++) {
                    visitor.multiply(yIndex, wIndex + c, xIndex + c);
                }
            }
        }
    }

    private static void round(double[] sums, float[] values) {
        for (int i = 0; i < sums.length; i++) {
            values[i] = (float) sums[i];
        }
    }
}
