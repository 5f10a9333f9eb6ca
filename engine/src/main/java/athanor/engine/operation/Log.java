package athanor.engine.operation;

import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.elementwise.Unary;

/// y = ln(x). dx = dy / x.
public final class Log {
    private Log() {}

    public static Tensor log(Tensor x) {
        Tensor y = Raw.unary(Unary.LOG, x);
        return Tape.record("log", y, Tape.edge(x, dy -> dy.div(x), x));
    }
}
