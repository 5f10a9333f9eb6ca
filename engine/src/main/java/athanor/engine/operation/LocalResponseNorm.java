package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;

/// `y[c] = x[c] d[c]^-beta`,   `d[c] = k + alpha / size * sum of x[j]^2` over the size channels
/// around c.
///
/// `dx[c] = dy[c] d[c]^-beta - 2 alpha beta / size x[c] * sum over j around c of
/// dy[j] x[j] d[j]^(-beta - 1)`. Krizhevsky, Sutskever, Hinton 2012.
public final class LocalResponseNorm {
    private LocalResponseNorm() {}

    /// Over the last axis of x.
    public static Tensor localResponseNorm(
            Tensor x, int size, double alpha, double beta, double k) {
        if (size < 1) {
            throw new IllegalArgumentException(
                    "localResponseNorm: size " + size + "; at least 1 channel is summed over");
        }
        int channels = x.shape().dim(-1);
        int rows = x.size() / Math.max(channels, 1);
        Tensor y = x.emptyLike(x.shape());
        Tensor d = x.emptyLike(x.shape());
        x.backend()
                .localResponseNorm(
                        x.buffer(), rows, channels, size, alpha, beta, k, y.buffer(), d.buffer());
        return Tape.record(
                "localResponseNorm",
                y,
                Tape.edge(
                        x,
                        dy -> {
                            Tensor dx = dy.emptyLike(dy.shape());
                            dy.backend()
                                    .localResponseNormGradient(
                                            dy.buffer(),
                                            x.buffer(),
                                            d.buffer(),
                                            rows,
                                            channels,
                                            size,
                                            alpha,
                                            beta,
                                            dx.buffer());
                            return dx;
                        },
                        x,
                        d));
    }
}
