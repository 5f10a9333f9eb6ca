package athanor.nn;

import athanor.engine.Tensor;

/// y = x + body(x). He et al. 2015.
public final class Residual extends Module {
    private final Module body;

    public Residual(Module body) {
        this.body = child("body", body);
    }

    @Override
    protected Tensor compute(Tensor x) {
        return x.add(body.forward(x));
    }

    @Override
    public String writeTo(GraphWriter graph, String x) {
        return graph.add("Add", x, body.writeTo(graph, x));
    }
}
