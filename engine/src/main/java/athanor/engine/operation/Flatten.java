package athanor.engine.operation;

import athanor.engine.Shape;
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
        Shape image = x.shape();
        boolean alreadyInOrder = image.dim(3) == 1 || image.size(1, 3) == 1;
        return (alreadyInOrder ? x : x.transpose(0, 3, 1, 2))
                .reshape(image.dim(0), image.size(1, 4));
    }
}
