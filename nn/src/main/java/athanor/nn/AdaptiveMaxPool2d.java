package athanor.nn;

import athanor.engine.Tensor;

/// The largest elements of as many windows as asked for, spread over an image of any size.
public final class AdaptiveMaxPool2d extends Module {
    private final int height;
    private final int width;

    /// 1, 1 is the maximum of the whole image.
    public AdaptiveMaxPool2d(int height, int width) {
        this.height = height;
        this.width = width;
    }

    @Override
    protected Tensor compute(Tensor x) {
        return x.adaptiveMaxPool(height, width);
    }

    @Override
    public String writeTo(GraphWriter graph, String x) {
        return AdaptivePool.writeTo(graph, "Max", x, graph.inputOf(this), height, width);
    }
}
