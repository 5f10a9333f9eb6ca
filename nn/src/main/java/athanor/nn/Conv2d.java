package athanor.nn;

import athanor.engine.Conv2dOptions;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.operation.Convolution;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// y = x * weight + bias: each of `out` filters slides over the image.
///
/// x is `[N, H, W, in]`, weight `[out, kernel, kernel, in / groups]`, y `[N, P, Q, out]`.
public final class Conv2d extends Module {
    private final Conv2dOptions options;
    private final Parameter weight;
    private final Optional<Parameter> bias;

    /// With a bias, and PyTorch's first values.
    public Conv2d(int in, int out, int kernel, Conv2dOptions options) {
        this(in, out, kernel, options, true, Initializer.kaimingUniform(Math.sqrt(5)));
    }

    public Conv2d(
            int in,
            int out,
            int kernel,
            Conv2dOptions options,
            boolean hasBias,
            Initializer initializer) {
        this.options = options;
        Shape filters = Shape.of(out, kernel, kernel, in / options.groups());
        weight = parameter("weight", filters, initializer);
        double bound = 1 / Math.sqrt(Initializer.fan(filters, Initializer.Fan.IN));
        bias =
                hasBias
                        ? Optional.of(
                                parameter(
                                        "bias", Shape.of(out), Initializer.uniform(-bound, bound)))
                        : Optional.empty();
    }

    /// Keeps the filters as they are; only the bias learns.
    public void fixWeight() {
        weight.freeze(true);
    }

    @Override
    protected Tensor compute(Tensor x) {
        return finished(x, false);
    }

    @Override
    public String writeTo(GraphWriter graph, String x) {
        List<String> inputs = new ArrayList<>(List.of(x, graph.constant(weight)));
        bias.ifPresent(b -> inputs.add(graph.constant(b)));
        return written(graph, inputs);
    }

    private String written(GraphWriter graph, List<String> inputs) {
        return graph.add(
                "Conv",
                inputs,
                Map.of(
                        "kernel_shape",
                        new int[] {weight.shape().dim(1), weight.shape().dim(2)},
                        "strides",
                        new int[] {options.strideHeight(), options.strideWidth()},
                        "pads",
                        new int[] {
                            options.paddingHeight(),
                            options.paddingWidth(),
                            options.paddingHeight(),
                            options.paddingWidth()
                        },
                        "dilations",
                        new int[] {options.dilationHeight(), options.dilationWidth()},
                        "group",
                        options.groups()));
    }

    /// As [#folded], with the shift in the place of a parameter of the norm.
    String writeFolded(
            GraphWriter graph, String x, Tensor scale, Tensor shift, Parameter inPlaceOf) {
        Tensor filters = weight.tensor().mul(scale.reshape(scale.size(), 1, 1, 1));
        Tensor offset = bias.map(b -> shift.add(b.tensor().mul(scale))).orElse(shift);
        return written(
                graph,
                List.of(
                        x,
                        graph.constant(weight, filters),
                        graph.constant(bias.orElse(inPlaceOf), offset)));
    }

    /// max(conv(x), 0), in one pass over the result where there is a bias.
    public Tensor relu(Tensor x) {
        return run(x, () -> finished(x, true));
    }

    private Tensor finished(Tensor x, boolean relu) {
        if (bias.isPresent()) {
            Tensor b = bias.get().tensor();
            return x.conv2d(weight.tensor(), b, Optional.empty(), relu, options);
        }
        Tensor y = x.conv2d(weight.tensor(), options);
        return relu ? y.relu() : y;
    }

    /// The convolution and the norm behind it as one convolution: `scale` and `shift`, one number a
    /// filter, are folded into the weight and the bias.
    Tensor folded(Tensor x, Tensor scale, Tensor shift, Optional<Tensor> residual, boolean relu) {
        return run(
                x,
                () -> {
                    Tensor filters = weight.tensor().mul(scale.reshape(scale.size(), 1, 1, 1));
                    Tensor offset = bias.map(b -> shift.add(b.tensor().mul(scale))).orElse(shift);
                    return x.conv2d(filters, offset, residual, relu, options);
                });
    }

    /// The result and the moments of its channels, summed while they are at hand.
    Convolution.WithMoments withMoments(Tensor x) {
        if (bias.isEmpty()) {
            return x.conv2dWithMoments(weight.tensor(), options);
        }
        Tensor y = forward(x);
        return new Convolution.WithMoments(y, y.moments());
    }

    @Override
    protected long multiplyAdds(Shape input, Shape output) {
        return (long) output.size() * weight.shape().size(1, 4);
    }
}
