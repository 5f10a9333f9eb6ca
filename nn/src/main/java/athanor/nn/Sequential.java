package athanor.nn;

import athanor.engine.Tensor;
import java.util.List;

/// One layer after the other; they are named "0", "1", ... An intermediate result goes back to the
/// workspace as soon as the next one is there, unless the backward pass needs it. A convolution and
/// the ReLU behind it are one pass over memory; before a [MaxPool2d], the ReLU waits until there
/// are fewer numbers, as the largest of max(x, 0) is max(largest x, 0).
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
        for (int i = 0; i < layers.size(); ) {
            int passed = fused(layers, i);
            Tensor next =
                    passed == 1 ? layers.get(i).forward(current) : run(layers, i, passed, current);
            i += passed;
            // A layer may hand its input on, and the first input belongs to the caller.
            if (next != current && current != x) {
                current.release();
            }
            current = next;
        }
        return current;
    }

    @Override
    public String writeTo(GraphWriter graph, String x) {
        String current = x;
        for (Module layer : children().values()) {
            current = layer.writeTo(graph, current);
        }
        return current;
    }

    /// How many layers, from this one on, are run together.
    private static int fused(List<Module> layers, int i) {
        boolean both =
                layers.get(i) instanceof Conv2d
                        && i + 1 < layers.size()
                        && layers.get(i + 1) instanceof Activation relu
                        && relu.isRelu();
        if (!both) {
            return 1;
        }
        return i + 2 < layers.size() && layers.get(i + 2) instanceof MaxPool2d ? 3 : 2;
    }

    private static Tensor run(List<Module> layers, int i, int count, Tensor x) {
        Conv2d conv = (Conv2d) layers.get(i);
        Activation relu = (Activation) layers.get(i + 1);
        if (count == 2) {
            return relu.passed(conv.relu(x));
        }
        Tensor y = relu.passed(conv.forward(x));
        Tensor largest = layers.get(i + 2).forward(y);
        y.release();
        Tensor positive = largest.relu();
        largest.release();
        return positive;
    }
}
