package athanor.engine.operation;

import athanor.engine.ShapeMismatch;
import athanor.engine.Tape;
import athanor.engine.Tensor;

/// y = a where the condition is not 0, else b. da = dy there, 0 elsewhere; db the other way
/// round.
public final class Where {
    private Where() {}

    public static Tensor where(Tensor condition, Tensor a, Tensor b) {
        Raw.requireSameKind("where", a, b);
        Raw.requireSameKind("where", a, condition);
        requireShape(a, b);
        requireShape(a, condition);
        Tensor y = select(condition, a, b);
        return Tape.record(
                "where",
                y,
                Tape.edge(a, dy -> select(condition, dy, zeros(dy)), condition),
                Tape.edge(b, dy -> select(condition, zeros(dy), dy), condition));
    }

    private static void requireShape(Tensor a, Tensor other) {
        if (!a.shape().equals(other.shape())) {
            throw new ShapeMismatch(
                    "where",
                    "the shapes differ",
                    a.shape(),
                    other.shape(),
                    "Condition, a and b must have the same; use expand.");
        }
    }

    private static Tensor select(Tensor condition, Tensor a, Tensor b) {
        Tensor y = a.emptyLike(a.shape());
        a.backend().select(condition.buffer(), a.buffer(), b.buffer(), y.buffer(), a.size());
        return y;
    }

    private static Tensor zeros(Tensor like) {
        return Tensor.zeros(like.backend(), like.dtype(), like.shape());
    }
}
