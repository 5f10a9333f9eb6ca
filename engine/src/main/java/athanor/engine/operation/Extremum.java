package athanor.engine.operation;

import athanor.engine.Shape;
import athanor.engine.Tape;
import athanor.engine.Tensor;
import athanor.kernels.reduce.Reduction;

/// y = max (or min) of x over axes. dx = dy where x = y, divided evenly among equals.
public final class Extremum {
    private Extremum() {}

    public static Tensor extremum(Reduction reduction, Tensor x, int... named) {
        boolean[] axes = Raw.axes(x.shape(), named);
        Shape kept = Raw.keptShape(x.shape(), axes);
        String name = reduction == Reduction.MAXIMUM ? "max" : "min";
        Raw.requireElements(name, x.shape(), kept);
        Tensor y = Raw.reduce(reduction, x, axes, false);
        return Tape.record(
                "extremum",
                y,
                Tape.edge(
                        x,
                        dy -> {
                            Tensor hits = x.equalTo(y.viewAs(kept));
                            Tensor count = Raw.reduce(Reduction.SUM, hits, axes, true);
                            return hits.mul(dy.viewAs(kept).div(count));
                        },
                        x,
                        y));
    }
}
