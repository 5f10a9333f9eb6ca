package athanor.nn;

import athanor.engine.Tensor;
import java.util.List;
import java.util.Map;

/// The largest element of each window of `kernel` x `kernel`.
public final class MaxPool2d extends Module {
    private final int kernel;
    private final int stride;
    private final int padding;

    public MaxPool2d(int kernel, int stride, int padding) {
        this.kernel = kernel;
        this.stride = stride;
        this.padding = padding;
    }

    @Override
    protected Tensor compute(Tensor x) {
        return x.maxPool(kernel, stride, padding);
    }

    @Override
    public String writeTo(GraphWriter graph, String x) {
        return graph.add("MaxPool", List.of(x), window(kernel, stride, padding));
    }

    /// A pool's attributes in ONNX.
    static Map<String, Object> window(int kernel, int stride, int padding) {
        return Map.of(
                "kernel_shape",
                new int[] {kernel, kernel},
                "strides",
                new int[] {stride, stride},
                "pads",
                new int[] {padding, padding, padding, padding});
    }
}
