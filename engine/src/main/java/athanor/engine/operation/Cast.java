package athanor.engine.operation;

import athanor.engine.DType;
import athanor.engine.Tape;
import athanor.engine.Tensor;

/// y = x in another type. dx = dy in the type of x.
public final class Cast {
    private Cast() {}

    public static Tensor cast(Tensor x, DType dtype) {
        if (x.dtype() == dtype) {
            return x;
        }
        Tensor y = convert(x, dtype);
        DType from = x.dtype();
        return dtype.isFloating()
                ? Tape.record("cast", y, Tape.edge(x, dy -> convert(dy, from)))
                : y;
    }

    private static Tensor convert(Tensor x, DType dtype) {
        Tensor y = Tensor.empty(x.backend(), dtype, x.shape());
        x.backend().cast(x.buffer(), y.buffer(), x.size());
        return y;
    }
}
