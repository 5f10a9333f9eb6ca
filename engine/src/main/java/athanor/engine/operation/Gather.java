package athanor.engine.operation;

import athanor.engine.DType;
import athanor.engine.Shape;
import athanor.engine.Tape;
import athanor.engine.Tensor;

/// `y[i] = x[index[i]]` along the first axis.   `dx[index[i]] += dy[i]`.
public final class Gather {
    private Gather() {}

    /// `x [rows, ...]`, INT32 `index [n]`, result `[n, ...]`. Throws where an index is not a row.
    public static Tensor gather(Tensor x, Tensor index) {
        Raw.requireSameBackend("gather", x, index);
        Raw.requireType("gather", index, DType.INT32);
        Raw.requireRank("gather", index, 1, "[n] of indices");
        requireRows(x.shape(), index);
        Shape from = x.shape();
        int count = index.size();
        int width = from.size(1, from.rank());
        Tensor y = x.emptyLike(from.with(0, count));
        x.backend().gather(x.buffer(), width, index.buffer(), count, y.buffer());
        return Tape.record(
                "gather",
                y,
                Tape.edge(
                        x,
                        dy -> {
                            Tensor dx = Tensor.zeros(dy.backend(), dy.dtype(), from);
                            dy.backend()
                                    .scatterAdd(
                                            dy.buffer(), width, index.buffer(), count, dx.buffer());
                            return dx;
                        },
                        index));
    }

    private static void requireRows(Shape shape, Tensor index) {
        for (int row : index.toInts()) {
            if (row < 0 || row >= shape.dim(0)) {
                throw new IllegalArgumentException(
                        "gather: index "
                                + row
                                + " is no row of "
                                + shape
                                + "; indices go from 0 to "
                                + (shape.dim(0) - 1));
            }
        }
    }
}
