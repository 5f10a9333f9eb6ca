package athanor.nn;

import athanor.engine.Tensor;

/// The means of as many windows as asked for, spread over an image of any size.
public final class AdaptiveAveragePool2d extends Module {
    private final int height;
    private final int width;

    /// 1, 1 is the mean of the whole image.
    public AdaptiveAveragePool2d(int height, int width) {
        this.height = height;
        this.width = width;
    }

    @Override
    protected Tensor compute(Tensor x) {
        return x.adaptiveAveragePool(height, width);
    }

    @Override
    public String writeTo(GraphWriter graph, String x) {
        return AdaptivePool.writeTo(graph, "Average", x, graph.inputOf(this), height, width);
    }
}
