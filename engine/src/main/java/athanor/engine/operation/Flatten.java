package athanor.engine.operation;

import athanor.engine.Tensor;

/// [N, H, W, C] as [N, C H W], in the order of PyTorch, so that a Linear layer behind it has
/// PyTorch's columns.
public final class Flatten {
    private Flatten() {}

    public static Tensor flatten(Tensor x) {
        if (x.shape().rank() == 2) {
            return x;
        }
        Raw.requireRank("flatten", x, 4, "[N, H, W, C]");
        int n = x.shape().dim(0);
        boolean alreadyInOrder = x.shape().dim(3) == 1 || x.shape().dim(1) * x.shape().dim(2) == 1;
        return (alreadyInOrder ? x : x.transpose(0, 3, 1, 2)).reshape(n, x.size() / Math.max(n, 1));
    }
}
