package athanor.engine.operation;

import athanor.engine.Shape;
import athanor.engine.ShapeMismatch;
import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.pool.PoolGeometry;

/// y = the mean of each window. dx = dy / size of the window, summed over windows.
public final class AveragePool {
    private AveragePool() {}

    /// Padding counts as zeros.
    public static Tensor averagePool(Tensor x, int kernel, int stride, int padding) {
        return pool(x, sliding("averagePool", x, kernel, stride, padding));
    }

    public static Tensor adaptiveAveragePool(Tensor x, int height, int width) {
        return pool(x, adaptive("adaptiveAveragePool", x, height, width));
    }

    private static Tensor pool(Tensor x, PoolGeometry g) {
        Shape from = x.shape();
        Tensor y =
                x.emptyLike(Shape.of(g.batch(), g.outputHeight(), g.outputWidth(), g.channels()));
        x.backend().averagePool(g, x.buffer(), y.buffer());
        return Tape.record(
                "averagePool",
                y,
                Tape.edge(
                        x,
                        dy -> {
                            Tensor dx = dy.emptyLike(from);
                            dy.backend().averagePoolGradient(g, dy.buffer(), dx.buffer());
                            return dx;
                        }));
    }

    static PoolGeometry sliding(String operation, Tensor x, int kernel, int stride, int padding) {
        Raw.requireRank(operation, x, 4, "[N, H, W, C]");
        Shape s = x.shape();
        if (kernel < 1 || stride < 1 || padding < 0 || 2 * padding > kernel) {
            throw new IllegalArgumentException(
                    operation
                            + ": kernel "
                            + kernel
                            + ", stride "
                            + stride
                            + ", padding "
                            + padding
                            + "; kernel and stride start at 1, and padding is at most half the kernel");
        }
        if (Math.min(s.dim(1), s.dim(2)) + 2 * padding < kernel) {
            throw new ShapeMismatch(
                    operation,
                    "the window of " + kernel + " is larger than the padded image",
                    s,
                    "Use larger images or a smaller window.");
        }
        return PoolGeometry.sliding(
                s.dim(0), s.dim(1), s.dim(2), s.dim(3), kernel, stride, padding);
    }

    static PoolGeometry adaptive(String operation, Tensor x, int height, int width) {
        Raw.requireRank(operation, x, 4, "[N, H, W, C]");
        Shape s = x.shape();
        if (height < 1 || width < 1) {
            throw new IllegalArgumentException(
                    operation
                            + ": "
                            + height
                            + " x "
                            + width
                            + " windows asked for; at least 1 x 1 is needed");
        }
        return PoolGeometry.adaptive(s.dim(0), s.dim(1), s.dim(2), s.dim(3), height, width);
    }
}
