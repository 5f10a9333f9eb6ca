package athanor.engine.operation;

import athanor.engine.Gate;
import athanor.engine.HostBuffer;
import athanor.engine.Moments;
import athanor.engine.Shape;
import athanor.engine.ShapeMismatch;
import athanor.engine.Tape;
import athanor.engine.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta (+ residual), then max(y, 0) if asked
/// for. Ioffe and Szegedy 2015.
///
/// With g = dy (where y > 0), h = (x - mean) / deviation, M rows: dgamma = sum of g h, dbeta =
/// sum of g, dresidual = g, dx = gamma / deviation (g - dbeta / M - h dgamma / M); with constant
/// moments, dx = gamma / deviation g. Where the moments are those of several ranks, M and the two
/// sums in dx are over all of them; those that are returned are of the rank's own rows, as every
/// gradient. For x of 16 bits, moments, gamma and beta are FLOAT32.
public final class BatchNorm {
    private BatchNorm() {}

    /// The moments of each channel (the last axis) over all other axes.
    public static Moments moments(Tensor x) {
        Shape channels = Shape.of(x.shape().dim(-1));
        requireRows("moments", rows(x), x);
        Tensor mean = Raw.ofSums(x, channels);
        Tensor variance = Raw.ofSums(x, channels);
        x.backend()
                .channelMoments(
                        x.buffer(), rows(x), channels.size(), mean.buffer(), variance.buffer());
        return new Moments(mean, variance);
    }

    /// `x [..., C]`, moments, gamma and beta `[C]`, residual in the shape of x. With `batchMoments`
    /// the moments must be those of x, and the gradient goes through them.
    public static Tensor batchNorm(
            Tensor x,
            Moments moments,
            boolean batchMoments,
            Tensor gamma,
            Tensor beta,
            double epsilon,
            Optional<Tensor> residual,
            boolean relu) {
        requireFit(x, moments, gamma, beta, residual);
        Tensor inverseDeviation = moments.variance().add(epsilon).rsqrt();
        Tensor scale =
                Raw.binary(athanor.kernels.elementwise.Binary.MULTIPLY, gamma, inverseDeviation);
        Tensor shift =
                Raw.binary(
                        athanor.kernels.elementwise.Binary.SUBTRACT,
                        beta,
                        Raw.binary(
                                athanor.kernels.elementwise.Binary.MULTIPLY,
                                moments.mean(),
                                scale));
        Tensor y = x.emptyLike(x.shape());
        x.backend()
                .normalizeAddRelu(
                        x.buffer(),
                        rows(x),
                        x.shape().dim(-1),
                        scale.buffer(),
                        shift.buffer(),
                        residual.map(Tensor::buffer),
                        relu,
                        y.buffer());
        List<Tensor> inputs = new ArrayList<>(List.of(x, gamma, beta));
        residual.ifPresent(inputs::add);
        List<Tensor> saved = new ArrayList<>(List.of(x, moments.mean(), inverseDeviation, scale));
        if (relu) {
            saved.add(residual.isPresent() ? y : shift);
        }
        boolean keepsResidual = residual.isPresent();
        return Tape.record(
                "batchNorm",
                y,
                inputs,
                dy ->
                        gradients(
                                dy,
                                gate(relu, keepsResidual, y, scale, shift),
                                x,
                                moments,
                                inverseDeviation,
                                scale,
                                batchMoments,
                                keepsResidual),
                saved.toArray(Tensor[]::new));
    }

    private static Gate gate(boolean relu, boolean added, Tensor y, Tensor scale, Tensor shift) {
        if (!relu) {
            return new Gate.Open();
        }
        return added
                ? new Gate.Result(y.buffer())
                : new Gate.Normalized(scale.buffer(), shift.buffer());
    }

    private static List<Tensor> gradients(
            Tensor dy,
            Gate gate,
            Tensor x,
            Moments moments,
            Tensor inverseDeviation,
            Tensor scale,
            boolean batchMoments,
            boolean keepsResidual) {
        int channels = x.shape().dim(-1);
        Tensor mean = moments.mean();
        Tensor dGamma = mean.emptyLike(mean.shape());
        Tensor dBeta = mean.emptyLike(mean.shape());
        x.backend()
                .batchNormSums(
                        dy.buffer(),
                        gate,
                        x.buffer(),
                        rows(x),
                        channels,
                        mean.buffer(),
                        inverseDeviation.buffer(),
                        dGamma.buffer(),
                        dBeta.buffer());
        List<Tensor> sums =
                batchMoments ? overAll(moments, dGamma, dBeta) : List.of(zeros(mean), zeros(mean));
        Tensor dx = Tape.over(x);
        Optional<Tensor> dResidual = keepsResidual ? Optional.of(Tape.over(dy)) : Optional.empty();
        x.backend()
                .batchNormGradient(
                        dy.buffer(),
                        gate,
                        x.buffer(),
                        rows(x),
                        channels,
                        mean.buffer(),
                        inverseDeviation.buffer(),
                        scale.buffer(),
                        sums.get(0).buffer(),
                        sums.get(1).buffer(),
                        dx.buffer(),
                        dResidual.map(Tensor::buffer));
        List<Tensor> gradients = new ArrayList<>(List.of(dx, dGamma, dBeta));
        dResidual.ifPresent(gradients::add);
        return gradients;
    }

    private static Tensor zeros(Tensor mean) {
        return Tensor.zeros(mean.backend(), mean.dtype(), mean.shape());
    }

    /// The sums over all ranks, times this one's share of the rows: the backend divides by its own
    /// rows alone.
    private static List<Tensor> overAll(Moments moments, Tensor dGamma, Tensor dBeta) {
        if (moments.ranks().size() == 1) {
            return List.of(dGamma, dBeta);
        }
        int channels = dGamma.size();
        double[] own = Arrays.copyOf(dGamma.toDoubles(), 2 * channels);
        System.arraycopy(dBeta.toDoubles(), 0, own, channels, channels);
        double[] all = moments.ranks().sum(own);
        HostBuffer values = HostBuffer.allocate(dGamma.dtype(), 2 * channels);
        for (int i = 0; i < all.length; i++) {
            values.set(i, all[i] * moments.share());
        }
        Tensor both = Tensor.of(dGamma.backend(), Shape.of(2, channels), values);
        return List.of(both.slice(0, 0, 1), both.slice(0, 1, 2));
    }

    private static int rows(Tensor x) {
        return x.size() / Math.max(x.shape().dim(-1), 1);
    }

    static void requireRows(String operation, int rows, Tensor x) {
        if (rows == 0) {
            throw new ShapeMismatch(
                    operation,
                    "there are no elements to take the mean of",
                    x.shape(),
                    "Use a batch of 1 or more, or the running statistics.");
        }
    }

    private static void requireFit(
            Tensor x, Moments moments, Tensor gamma, Tensor beta, Optional<Tensor> residual) {
        requirePerChannel("gamma", x, gamma, "a norm of %d channels");
        requirePerChannel("beta", x, beta, "a norm of %d channels");
        requirePerChannel("moments", x, moments.mean(), "those of %d channels");
        requirePerChannel("moments", x, moments.variance(), "those of %d channels");
        residual.filter(r -> !r.shape().equals(x.shape()))
                .ifPresent(
                        r -> {
                            throw new ShapeMismatch(
                                    "batchNorm",
                                    "the residual must have the shape of x",
                                    x.shape(),
                                    r.shape(),
                                    "Did you mean a projection on the shortcut?");
                        });
    }

    private static void requirePerChannel(String what, Tensor x, Tensor vector, String meant) {
        Raw.requirePerChannel("batchNorm", what, x, x.dtype().ofSums(), vector, meant);
    }
}
