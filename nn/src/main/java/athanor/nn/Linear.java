package athanor.nn;

import athanor.engine.Shape;
import athanor.engine.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// y = x weight^T + bias. x is `[N, in]`, weight `[out, in]`, y `[N, out]`.
public final class Linear extends Module {
    private final Parameter weight;
    private final Optional<Parameter> bias;

    /// With a bias, and PyTorch's first values.
    public Linear(int in, int out) {
        this(in, out, true, Initializer.kaimingUniform(Math.sqrt(5)));
    }

    public Linear(int in, int out, boolean hasBias, Initializer initializer) {
        weight = parameter("weight", Shape.of(out, in), initializer);
        double bound = 1 / Math.sqrt(in);
        bias =
                hasBias
                        ? Optional.of(
                                parameter(
                                        "bias", Shape.of(out), Initializer.uniform(-bound, bound)))
                        : Optional.empty();
    }

    @Override
    protected Tensor compute(Tensor x) {
        Tensor y = x.matmul(weight.tensor(), false, true);
        return bias.map(b -> y.add(b.tensor().cast(y.dtype()))).orElse(y);
    }

    @Override
    public String writeTo(GraphWriter graph, String x) {
        List<String> inputs = new ArrayList<>(List.of(x, graph.constant(weight)));
        bias.ifPresent(b -> inputs.add(graph.constant(b)));
        return graph.add("Gemm", inputs, Map.of("transB", 1));
    }

    @Override
    protected long multiplyAdds(Shape input, Shape output) {
        return (long) output.size() * weight.shape().dim(1);
    }
}
