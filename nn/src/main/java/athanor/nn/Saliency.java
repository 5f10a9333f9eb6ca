package athanor.nn;

import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;

/// Where a small change of an image changes the score of a class most: s[h,w] = max over c of
/// |d logit / d x[h,w,c]|. Simonyan, Vedaldi, Zisserman 2013.
public final class Saliency {
    private Saliency() {}

    /// For an image `[1, H, W, C]` and the number of a class: H W numbers, row by row. The model
    /// must be in evaluation mode; its parameters get no gradient.
    public static float[] of(Module model, Tensor image, int label) {
        model.freeze();
        try (Workspace _ = Workspace.open()) {
            HostBuffer pixels = HostBuffer.of(image.toFloats());
            Tensor x = Tensor.of(image.backend(), image.shape(), pixels).requireGradient();
            Tensor logits = model.forward(x);
            Tensor score = logits.slice(1, label, label + 1).sum();
            float[] gradient = score.backward().of(x).orElseThrow().toFloats();
            Shape shape = image.shape();
            int channels = shape.dim(3);
            float[] map = new float[shape.dim(1) * shape.dim(2)];
            for (int i = 0; i < gradient.length; i++) {
                map[i / channels] = Math.max(map[i / channels], Math.abs(gradient[i]));
            }
            return map;
        } finally {
            model.unfreeze();
        }
    }
}
