package athanor.engine.operation;

import athanor.engine.Shape;
import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.reduce.Reduction;
import java.util.List;

/// y = gamma h + beta, h = (x - mean) / sqrt(variance + epsilon) of each row. Ba, Kiros, Hinton
/// 2016.
///
/// With g = dy gamma: dx = (g - mean(g) - h mean(g h)) / deviation, dgamma = sum of dy h, dbeta
/// = sum of dy.
public final class LayerNorm {
    private LayerNorm() {}

    /// `x [..., width]`, gamma and beta `[width]`.
    public static Tensor layerNorm(Tensor x, Tensor gamma, Tensor beta, double epsilon) {
        Raw.requirePerChannel("layerNorm", "gamma", x, gamma, "a norm of width %d");
        Raw.requirePerChannel("layerNorm", "beta", x, beta, "a norm of width %d");
        int width = x.shape().dim(-1);
        int rows = x.size() / Math.max(width, 1);
        Tensor y = x.emptyLike(x.shape());
        Tensor mean = x.emptyLike(Shape.of(rows));
        Tensor inverseDeviation = x.emptyLike(Shape.of(rows));
        x.backend()
                .layerNorm(
                        x.buffer(),
                        rows,
                        width,
                        epsilon,
                        gamma.buffer(),
                        beta.buffer(),
                        y.buffer(),
                        mean.buffer(),
                        inverseDeviation.buffer());
        return Tape.record(
                "layerNorm",
                y,
                List.of(x, gamma, beta),
                dy -> gradients(dy, x, rows, gamma, mean, inverseDeviation),
                x,
                gamma,
                mean,
                inverseDeviation);
    }

    private static List<Tensor> gradients(
            Tensor dy, Tensor x, int rows, Tensor gamma, Tensor mean, Tensor inverseDeviation) {
        int width = x.shape().dim(-1);
        Tensor dx = x.emptyLike(x.shape());
        x.backend()
                .layerNormGradient(
                        dy.buffer(),
                        x.buffer(),
                        rows,
                        width,
                        gamma.buffer(),
                        mean.buffer(),
                        inverseDeviation.buffer(),
                        dx.buffer());
        Shape matrix = Shape.of(rows, width);
        Shape column = Shape.of(rows, 1);
        Tensor h = x.viewAs(matrix).sub(mean.viewAs(column)).mul(inverseDeviation.viewAs(column));
        boolean[] overRows = {true, false};
        return List.of(
                dx,
                Raw.reduce(Reduction.SUM, dy.viewAs(matrix).mul(h), overRows, false),
                Raw.reduce(Reduction.SUM, dy.viewAs(matrix), overRows, false));
    }
}
