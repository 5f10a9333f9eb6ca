package athanor.engine.operation;

import athanor.engine.DType;
import athanor.engine.Shape;
import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.pool.PoolGeometry;

/// y = the maximum of each window. dx = dy where it was found (the first of equals), summed over
/// windows.
public final class MaxPool {
    private MaxPool() {}

    public static Tensor maxPool(Tensor x, int kernel, int stride, int padding) {
        return pool(x, AveragePool.sliding("maxPool", x, kernel, stride, padding));
    }

    public static Tensor adaptiveMaxPool(Tensor x, int height, int width) {
        return pool(x, AveragePool.adaptive("adaptiveMaxPool", x, height, width));
    }

    private static Tensor pool(Tensor x, PoolGeometry g) {
        Shape from = x.shape();
        Shape shape = Shape.of(g.batch(), g.outputHeight(), g.outputWidth(), g.channels());
        Tensor y = x.emptyLike(shape);
        Tensor index = Tensor.empty(x.backend(), DType.INT32, shape);
        x.backend().maxPool(g, x.buffer(), y.buffer(), index.buffer());
        return Tape.record(
                "maxPool",
                y,
                Tape.edge(
                        x,
                        dy -> {
                            Tensor dx = dy.emptyLike(from);
                            dy.backend()
                                    .maxPoolGradient(g, dy.buffer(), index.buffer(), dx.buffer());
                            return dx;
                        },
                        index));
    }
}
