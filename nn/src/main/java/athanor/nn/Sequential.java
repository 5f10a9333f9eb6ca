package athanor.nn;

import athanor.engine.Tensor;

/// One layer after the other; they are named "0", "1", ... An intermediate result goes back to the
/// workspace as soon as the next one is there, unless the backward pass needs it.
public final class Sequential extends Module {
    public Sequential(Module... layers) {
        for (int i = 0; i < layers.length; i++) {
            child(String.valueOf(i), layers[i]);
        }
    }

    @Override
    protected Tensor compute(Tensor x) {
        Tensor current = x;
        for (Module layer : children().values()) {
            Tensor next = layer.forward(current);
            // A layer may hand its input on, and the first input belongs to the caller.
            if (next != current && current != x) {
                current.release();
            }
            current = next;
        }
        return current;
    }
}
