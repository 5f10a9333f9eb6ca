package athanor.nn;

import athanor.engine.Tensor;

/// `[N, H, W, C]` as `[N, C H W]`, in PyTorch's order.
public final class Flatten extends Module {
    @Override
    protected Tensor compute(Tensor x) {
        return x.flatten();
    }

    @Override
    public String writeTo(GraphWriter graph, String x) {
        return graph.add("Flatten", x);
    }
}
