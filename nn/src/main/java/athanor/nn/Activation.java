package athanor.nn;

import athanor.engine.Tensor;
import java.util.function.UnaryOperator;

/// A function of each element, as a layer.
public final class Activation extends Module {
    private static final UnaryOperator<Tensor> RELU = Tensor::relu;

    private final String kind;
    private final UnaryOperator<Tensor> function;

    public Activation(String kind, UnaryOperator<Tensor> function) {
        this.kind = kind;
        this.function = function;
    }

    /// max(x, 0).
    public static Activation relu() {
        return new Activation("ReLU", RELU);
    }

    /// x Phi(x), where Phi is the distribution function of the normal distribution.
    public static Activation gelu() {
        return new Activation("GELU", Tensor::gelu);
    }

    /// x / (1 + exp(-x)).
    public static Activation silu() {
        return new Activation("SiLU", Tensor::silu);
    }

    public static Activation tanh() {
        return new Activation("Tanh", Tensor::tanh);
    }

    /// 1 / (1 + exp(-x)).
    public static Activation sigmoid() {
        return new Activation("Sigmoid", Tensor::sigmoid);
    }

    boolean isRelu() {
        return function == RELU;
    }

    /// x, to which the layer before has applied the function already.
    Tensor passed(Tensor x) {
        return run(x, () -> x);
    }

    @Override
    protected Tensor compute(Tensor x) {
        return function.apply(x);
    }

    /// x (1 + erf(x / sqrt(2))) / 2; the operator set has no Gelu yet.
    public static String writeGelu(GraphWriter graph, String x) {
        String z = graph.add("Mul", x, graph.constant(Math.sqrt(0.5)));
        String twice = graph.add("Add", graph.add("Erf", z), graph.constant(1));
        return graph.add("Mul", graph.add("Mul", x, twice), graph.constant(0.5));
    }

    @Override
    public String writeTo(GraphWriter graph, String x) {
        return switch (kind) {
            case "ReLU" -> graph.add("Relu", x);
            case "SiLU" -> graph.add("Mul", x, graph.add("Sigmoid", x));
            case "GELU" -> writeGelu(graph, x);
            case "Tanh", "Sigmoid" -> graph.add(kind, x);
            default -> super.writeTo(graph, x);
        };
    }

    @Override
    protected String kind() {
        return kind;
    }
}
