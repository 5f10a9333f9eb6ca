package athanor.nn;

import athanor.engine.Conv2dOptions;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.operation.Convolution;
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

    @Override
    protected Tensor compute(Tensor x) {
        Tensor y = x.conv2d(weight.tensor(), options);
        return bias.map(b -> y.add(b.tensor())).orElse(y);
    }

    /// The result and the moments of its channels, summed while they are at hand.
    Convolution.WithMoments withMoments(Tensor x) {
        if (bias.isEmpty()) {
            return Convolution.withMoments(x, weight.tensor(), options);
        }
        Tensor y = forward(x);
        return new Convolution.WithMoments(y, y.moments());
    }

    @Override
    protected long multiplyAdds(Shape input, Shape output) {
        return (long) output.size() * weight.shape().size(1, 4);
    }
}
