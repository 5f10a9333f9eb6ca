package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;

/// y = exp(x) / sum of exp(x) along the last axis. dx = y (dy - sum of dy y).
public final class Softmax {
    private Softmax() {}

    public static Tensor softmax(Tensor x) {
        int width = x.shape().dim(-1);
        int rows = x.size() / Math.max(width, 1);
        Tensor y = x.emptyLike(x.shape());
        x.backend().softmax(x.buffer(), rows, width, y.buffer());
        return Tape.record(
                "softmax",
                y,
                Tape.edge(
                        x,
                        dy -> {
                            Tensor dx = dy.emptyLike(dy.shape());
                            dy.backend()
                                    .softmaxGradient(
                                            dy.buffer(), y.buffer(), rows, width, dx.buffer());
                            return dx;
                        },
                        y));
    }
}
