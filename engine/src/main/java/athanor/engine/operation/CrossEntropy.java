package athanor.engine.operation;

import athanor.engine.DType;
import athanor.engine.Shape;
import athanor.engine.ShapeMismatch;
import athanor.engine.Tape;
import athanor.engine.Tensor;

/// y = -mean over rows of sum over classes of t ln(softmax(x)). dx = dy (softmax(x) sum(t) - t) /
/// rows.
public final class CrossEntropy {
    private CrossEntropy() {}

    /// Logits `x [N, classes]`, INT32 labels `[N]`; smoothing as Szegedy et al. 2016. Throws where
    /// a label is no class.
    public static Tensor ofLabels(Tensor x, Tensor labels, double smoothing) {
        Raw.requireSameBackend("crossEntropy", x, labels);
        Raw.requireType("crossEntropy", labels, DType.INT32);
        Raw.requireRank("crossEntropy", x, 2, "[N, classes]");
        int rows = x.shape().dim(0);
        int classes = x.shape().dim(1);
        if (!labels.shape().equals(Shape.of(rows))) {
            throw new ShapeMismatch(
                    "crossEntropy",
                    "one label is needed for each row",
                    x.shape(),
                    labels.shape(),
                    "Labels are [N].");
        }
        for (int label : labels.toInts()) {
            if (label < 0 || label >= classes) {
                throw new IllegalArgumentException(
                        "crossEntropy: label "
                                + label
                                + " is no class; with "
                                + classes
                                + " logits, labels go from 0 to "
                                + (classes - 1));
            }
        }
        if (!(smoothing >= 0 && smoothing <= 1)) {
            throw new IllegalArgumentException(
                    "crossEntropy: label smoothing " + smoothing + "; it must be in [0, 1]");
        }
        Tensor targets = x.emptyLike(x.shape());
        double off = smoothing / classes;
        x.backend()
                .oneHot(labels.buffer(), rows, classes, 1 - smoothing + off, off, targets.buffer());
        return ofTargets(x, targets);
    }

    /// Targets `[N, classes]` are constants.
    public static Tensor ofTargets(Tensor x, Tensor targets) {
        Raw.requireSameKind("crossEntropy", x, targets);
        Raw.requireRank("crossEntropy", x, 2, "[N, classes]");
        if (!targets.shape().equals(x.shape())) {
            throw new ShapeMismatch(
                    "crossEntropy",
                    "targets have the shape of the logits",
                    x.shape(),
                    targets.shape(),
                    "Use [N, classes].");
        }
        int rows = Math.max(1, x.shape().dim(0));
        Tensor logarithms = x.emptyLike(x.shape());
        x.backend().logSoftmax(x.buffer(), x.shape().dim(0), x.shape().dim(1), logarithms.buffer());
        Tensor y = targets.mul(logarithms).sum().mul(-1.0 / rows);
        return Tape.record(
                "crossEntropy",
                y,
                Tape.edge(
                        x,
                        dy ->
                                logarithms
                                        .exp()
                                        .mul(targets.sum(1).reshape(-1, 1))
                                        .sub(targets)
                                        .mul(dy.mul(1.0 / rows)),
                        logarithms,
                        targets));
    }
}
