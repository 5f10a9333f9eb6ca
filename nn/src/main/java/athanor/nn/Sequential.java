package athanor.nn;

import athanor.engine.Tensor;
import java.util.List;

/// One layer after the other; they are named "0", "1", ... An intermediate result goes back to the
/// workspace as soon as the next one is there, unless the backward pass needs it. A convolution and
/// the ReLU behind it are one pass over memory.
public final class Sequential extends Module {
    public Sequential(Module... layers) {
        for (int i = 0; i < layers.length; i++) {
            child(String.valueOf(i), layers[i]);
        }
    }

    @Override
    protected Tensor compute(Tensor x) {
        Tensor current = x;
        List<Module> layers = List.copyOf(children().values());
        for (int i = 0; i < layers.size(); i++) {
            Tensor next;
            if (layers.get(i) instanceof Conv2d conv
                    && i + 1 < layers.size()
                    && layers.get(i + 1) instanceof Activation relu
                    && relu.isRelu()) {
                next = relu.passed(conv.relu(current));
                i++;
            } else {
                next = layers.get(i).forward(current);
            }
            // A layer may hand its input on, and the first input belongs to the caller.
            if (next != current && current != x) {
                current.release();
            }
            current = next;
        }
        return current;
    }
}
