package athanor.engine.operation;

import athanor.engine.Conv2dOptions;
import athanor.engine.Moments;
import athanor.engine.Shape;
import athanor.engine.ShapeMismatch;
import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.convolve.ConvolutionGeometry;

/// y[n,p,q,k] = sum over r,s,c of x[n, p stride - padding + r dilation, q ..., c] w[k,r,s,c].
///
/// dx = dy convolved with the flipped filters, dw[k,r,s,c] = sum over n,p,q of dy[n,p,q,k] x[n, p
/// stride ..., c].
public final class Convolution {
    private Convolution() {}

    /// A result with the moments of its channels, which batch norm needs next.
    public record WithMoments(Tensor y, Moments moments) {}

    /// `x [N, H, W, C]`, filters `w [K, R, S, C / groups]`, result `[N, P, Q, K]`.
    public static Tensor convolution(Tensor x, Tensor w, Conv2dOptions options) {
        ConvolutionGeometry g = geometry(x, w, options);
        Tensor y = result(x, g);
        x.backend().convolve(g, x.buffer(), w.buffer(), y.buffer());
        return record(g, x, w, y);
    }

    /// The same, summing each channel of y while it is in cache.
    public static WithMoments withMoments(Tensor x, Tensor w, Conv2dOptions options) {
        ConvolutionGeometry g = geometry(x, w, options);
        BatchNorm.requireRows("conv2d with moments", g.outputRows(), x);
        Tensor y = result(x, g);
        Tensor mean = Raw.ofSums(x, Shape.of(g.filters()));
        Tensor variance = Raw.ofSums(x, Shape.of(g.filters()));
        x.backend()
                .convolveWithMoments(
                        g, x.buffer(), w.buffer(), y.buffer(), mean.buffer(), variance.buffer());
        return new WithMoments(record(g, x, w, y), new Moments(mean, variance));
    }

    private static Tensor record(ConvolutionGeometry g, Tensor x, Tensor w, Tensor y) {
        return Tape.record(
                "convolution",
                y,
                Tape.edge(
                        x,
                        dy -> inputGradient(g, dy, w),
                        (dy, sum) ->
                                dy.backend()
                                        .addConvolveInputGradient(
                                                g, dy.buffer(), w.buffer(), sum.buffer()),
                        w),
                Tape.edge(w, dy -> filterGradient(g, x, dy), x));
    }

    static Tensor result(Tensor x, ConvolutionGeometry g) {
        return x.emptyLike(Shape.of(g.batch(), g.outputHeight(), g.outputWidth(), g.filters()));
    }

    static Tensor inputGradient(ConvolutionGeometry g, Tensor dy, Tensor w) {
        Tensor dx = dy.emptyLike(Shape.of(g.batch(), g.height(), g.width(), g.channels()));
        dy.backend().convolveInputGradient(g, dy.buffer(), w.buffer(), dx.buffer());
        return dx;
    }

    static Tensor filterGradient(ConvolutionGeometry g, Tensor x, Tensor dy) {
        Tensor dw =
                dy.emptyLike(
                        Shape.of(
                                g.filters(), g.filterHeight(), g.filterWidth(), g.groupChannels()));
        dy.backend().convolveFilterGradient(g, x.buffer(), dy.buffer(), dw.buffer());
        return dw;
    }

    static ConvolutionGeometry geometry(Tensor x, Tensor w, Conv2dOptions o) {
        Raw.requireSameKind("conv2d", x, w);
        Raw.requireRank("conv2d", x, 4, "[N, H, W, C]");
        Raw.requireRank("conv2d", w, 4, "[K, R, S, C / groups]");
        Shape image = x.shape();
        Shape filters = w.shape();
        if (image.dim(3) != filters.dim(3) * o.groups() || filters.dim(0) % o.groups() != 0) {
            throw new ShapeMismatch(
                    "conv2d",
                    "the image has "
                            + image.dim(3)
                            + " channels, the filters take "
                            + filters.dim(3)
                            + " in each of "
                            + o.groups()
                            + " groups",
                    image,
                    filters,
                    "Images are [N, H, W, C], filters [K, R, S, C / groups]. Did you mean transpose(0, 2, 3, 1)?");
        }
        ConvolutionGeometry g =
                new ConvolutionGeometry(
                        image.dim(0),
                        image.dim(1),
                        image.dim(2),
                        image.dim(3),
                        filters.dim(0),
                        filters.dim(1),
                        filters.dim(2),
                        o.strideHeight(),
                        o.strideWidth(),
                        o.paddingHeight(),
                        o.paddingWidth(),
                        o.dilationHeight(),
                        o.dilationWidth(),
                        o.groups());
        int reachHeight = o.dilationHeight() * (filters.dim(1) - 1) + 1;
        int reachWidth = o.dilationWidth() * (filters.dim(2) - 1) + 1;
        if (image.dim(1) + 2 * o.paddingHeight() < reachHeight
                || image.dim(2) + 2 * o.paddingWidth() < reachWidth) {
            throw new ShapeMismatch(
                    "conv2d",
                    "the filter reaches over "
                            + reachHeight
                            + " x "
                            + reachWidth
                            + ", more than the padded image",
                    image,
                    filters,
                    "Use larger images, more padding or a smaller filter.");
        }
        return g;
    }
}
