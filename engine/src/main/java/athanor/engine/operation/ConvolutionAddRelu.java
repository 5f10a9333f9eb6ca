package athanor.engine.operation;

import athanor.engine.Conv2dOptions;
import athanor.engine.ShapeMismatch;
import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.convolve.ConvolutionGeometry;
import athanor.kernels.reduce.Reduction;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// y = conv2d(x, w) + bias (+ residual), then max(y, 0) if asked for, in one pass over y.
///
/// With g = dy (where y > 0): dbias = sum of g over n,p,q, dresidual = g, dx and dw those of a
/// convolution whose result has the gradient g.
public final class ConvolutionAddRelu {
    private ConvolutionAddRelu() {}

    /// `x [N, H, W, C]`, filters `w [K, R, S, C / groups]`, bias `[K]`, residual in the shape of
    /// the result `[N, P, Q, K]`.
    public static Tensor convolution(
            Tensor x,
            Tensor w,
            Tensor bias,
            Optional<Tensor> residual,
            boolean relu,
            Conv2dOptions options) {
        ConvolutionGeometry g = Convolution.geometry(x, w, options);
        Tensor y = Convolution.result(x, g);
        Raw.requirePerChannel("conv2d", "bias", y, bias, "filters of %d channels");
        residual.filter(r -> !r.shape().equals(y.shape()))
                .ifPresent(
                        r -> {
                            throw new ShapeMismatch(
                                    "conv2d",
                                    "the residual must have the shape of the result",
                                    y.shape(),
                                    r.shape(),
                                    "Did you mean a projection on the shortcut?");
                        });
        x.backend()
                .convolveAddRelu(
                        g,
                        x.buffer(),
                        w.buffer(),
                        bias.buffer(),
                        residual.map(Tensor::buffer),
                        relu,
                        y.buffer());
        List<Tensor> inputs = new ArrayList<>(List.of(x, w, bias));
        residual.ifPresent(inputs::add);
        List<Tensor> saved = new ArrayList<>(List.of(x, w));
        if (relu) {
            saved.add(y);
        }
        boolean toImage = Tape.isRecording(x);
        boolean toResidual = residual.isPresent();
        return Tape.record(
                "convolutionAddRelu",
                y,
                inputs,
                dy -> {
                    Tensor dz = relu ? Raw.gated(dy, y) : dy;
                    List<Tensor> gradients = new ArrayList<>();
                    gradients.add(toImage ? Convolution.inputGradient(g, dz, w) : dz);
                    gradients.add(Convolution.filterGradient(g, x, dz));
                    gradients.add(
                            Raw.reduce(Reduction.SUM, dz, Raw.axes(dz.shape(), 0, 1, 2), false));
                    if (toResidual) {
                        gradients.add(dz);
                    }
                    return gradients;
                },
                saved.toArray(Tensor[]::new));
    }
}
