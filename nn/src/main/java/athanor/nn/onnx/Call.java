package athanor.nn.onnx;

import athanor.engine.GradMode;
import athanor.engine.Shape;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;

/// A node about to run: its inputs, empty where an optional one is left out. In training,
/// `update` takes what a constant input shall be from now on: running statistics.
record Call(
        Node node,
        List<Optional<Value>> inputs,
        boolean training,
        BiConsumer<Integer, Value> update) {

    boolean has(int input) {
        return input < inputs.size() && inputs.get(input).isPresent();
    }

    Optional<Value> optional(int input) {
        return has(input) ? inputs.get(input) : Optional.empty();
    }

    Value in(int input) {
        return optional(input)
                .orElseThrow(() -> new IllegalArgumentException("input " + input + " is left out"));
    }

    /// All inputs that are there.
    List<Value> all() {
        return inputs.stream().flatMap(Optional::stream).toList();
    }

    /// For what is computed outside the engine.
    void requireNoGradient() {
        if (GradMode.isEnabled() && all().stream().anyMatch(Value::requiresGradient)) {
            throw new IllegalArgumentException(
                    "its gradient is not implemented; freeze the parameters before it, or run the"
                            + " model within GradMode.off");
        }
    }

    int opset() {
        return node.opset();
    }

    int outputs() {
        return node.outputs().size();
    }

    /// An axis counted from the front.
    int axis(int otherwise, Shape of) {
        return of.axis(node.integer("axis", otherwise));
    }

    /// Integers that were an attribute in older versions of an operator, and are an input now.
    Optional<int[]> integers(String attribute, int input) {
        return has(input) ? Optional.of(in(input).ints()) : node.integers(attribute);
    }
}
