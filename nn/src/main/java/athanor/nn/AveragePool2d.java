package athanor.nn;

import athanor.engine.Tensor;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The mean of each window of `kernel` x `kernel`; padding counts as zeros.
public final class AveragePool2d extends Module {
    private final int kernel;
    private final int stride;
    private final int padding;

    public AveragePool2d(int kernel, int stride, int padding) {
        this.kernel = kernel;
        this.stride = stride;
        this.padding = padding;
    }

    @Override
    protected Tensor compute(Tensor x) {
        return x.averagePool(kernel, stride, padding);
    }

    @Override
    public String writeTo(GraphWriter graph, String x) {
        Map<String, Object> attributes = new TreeMap<>(MaxPool2d.window(kernel, stride, padding));
        attributes.put("count_include_pad", 1);
        return graph.add("AveragePool", List.of(x), attributes);
    }
}
