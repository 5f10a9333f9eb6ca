package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;

/// y = x - ln(sum of exp(x)) along the last axis. dx = dy - exp(y) * sum of dy.
public final class LogSoftmax {
    private LogSoftmax() {}

    public static Tensor logSoftmax(Tensor x) {
        int width = x.shape().dim(-1);
        int rows = x.size() / Math.max(width, 1);
        Tensor y = x.emptyLike(x.shape());
        x.backend().logSoftmax(x.buffer(), rows, width, y.buffer());
        return Tape.record(
                "logSoftmax",
                y,
                Tape.edge(
                        x,
                        dy -> {
                            Tensor dx = dy.emptyLike(dy.shape());
                            dy.backend()
                                    .logSoftmaxGradient(
                                            dy.buffer(), y.buffer(), rows, width, dx.buffer());
                            return dx;
                        },
                        y));
    }
}
