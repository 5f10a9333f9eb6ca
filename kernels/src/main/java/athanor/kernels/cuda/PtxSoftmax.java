package athanor.kernels.cuda;

import athanor.kernels.cuda.Ptx.Entry;

/// Launches of `softmax/Softmax.ptx`, along rows of `width`.
public final class PtxSoftmax {
    private final Ptx ptx;

    public PtxSoftmax(Ptx ptx) {
        this.ptx = ptx;
    }

    public void softmax(Driver.Stream stream, long x, int rows, int width, long y) {
        forward(stream, "softmax", x, rows, width, y);
    }

    public void logSoftmax(Driver.Stream stream, long x, int rows, int width, long y) {
        forward(stream, "logSoftmax", x, rows, width, y);
    }

    /// `dx = y (dy - sum of dy y)`.
    public void softmaxGradient(
            Driver.Stream stream, long dy, long y, int rows, int width, long dx) {
        gradient(stream, "softmaxGradient", dy, y, rows, width, dx);
    }

    /// `dx = dy - exp(y) sum of dy`.
    public void logSoftmaxGradient(
            Driver.Stream stream, long dy, long y, int rows, int width, long dx) {
        gradient(stream, "logSoftmaxGradient", dy, y, rows, width, dx);
    }

    private void forward(Driver.Stream stream, String name, long x, int rows, int width, long y) {
        ptx.launchRows(
                stream,
                new Entry("softmax/Softmax", name),
                rows,
                width,
                new Arguments().address(x).int32(width).address(y));
    }

    private void gradient(
            Driver.Stream stream, String name, long dy, long y, int rows, int width, long dx) {
        ptx.launchRows(
                stream,
                new Entry("softmax/Softmax", name),
                rows,
                width,
                new Arguments().address(dy).address(y).int32(width).address(dx));
    }
}
