package athanor.engine.operation;

import athanor.engine.Conv2dOptions;
import athanor.engine.Shape;
import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.convolve.ConvolutionGeometry;
import athanor.kernels.reduce.Reduction;
import java.util.List;
import java.util.Optional;

/// y = conv2d(z, w), z = max(scale x + shift, 0), where z is never stored.
///
/// With dz = the convolution's input gradient where z > 0: dx = scale dz, dscale = sum of dz x,
/// dshift = sum of dz.
public final class NormalizedConvolution {
    private NormalizedConvolution() {}

    /// `x [N, H, W, C]`, scale and shift `[C]`, filters `w [K, R, S, C / groups]`.
    public static Tensor convolution(
            Tensor x, Tensor scale, Tensor shift, Tensor w, Conv2dOptions options) {
        ConvolutionGeometry g = Convolution.geometry(x, w, options);
        Raw.requirePerChannel("conv2dNormalized", "scale", x, scale, "a norm of %d channels");
        Raw.requirePerChannel("conv2dNormalized", "shift", x, shift, "a norm of %d channels");
        Tensor y = Convolution.result(x, g);
        x.backend()
                .convolveNormalized(
                        g, x.buffer(), scale.buffer(), shift.buffer(), w.buffer(), y.buffer());
        return Tape.record(
                "normalizedConvolution",
                y,
                List.of(x, scale, shift, w),
                dy -> {
                    Tensor z = normalized(x, scale, shift);
                    Tensor dz = Raw.gated(Convolution.inputGradient(g, dy, w), z);
                    return List.of(
                            dz.mul(scale),
                            Raw.reduce(
                                    Reduction.SUM, dz.mul(x), Raw.axes(x.shape(), 0, 1, 2), false),
                            Raw.reduce(Reduction.SUM, dz, Raw.axes(x.shape(), 0, 1, 2), false),
                            Convolution.filterGradient(g, z, dy));
                },
                x,
                scale,
                shift,
                w);
    }

    private static Tensor normalized(Tensor x, Tensor scale, Tensor shift) {
        Shape shape = x.shape();
        Tensor z = x.emptyLike(shape);
        int channels = shape.dim(3);
        x.backend()
                .normalizeAddRelu(
                        x.buffer(),
                        x.size() / Math.max(channels, 1),
                        channels,
                        scale.buffer(),
                        shift.buffer(),
                        Optional.empty(),
                        true,
                        z.buffer());
        return z;
    }
}
