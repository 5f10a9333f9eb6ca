package athanor.nn;

import athanor.engine.Shape;
import athanor.engine.Tensor;
import java.util.List;
import java.util.Map;

/// A graph of ONNX's operators that layers write themselves into. Values are known by names; images
/// are `[N, C, H, W]` there.
public interface GraphWriter {
    /// Adds an operator, and returns the name of its (first) result. Attributes are an Integer, a
    /// Double or an int[].
    String add(String operator, List<String> inputs, Map<String, Object> attributes);

    default String add(String operator, String... inputs) {
        return add(operator, List.of(inputs), Map.of());
    }

    /// The name of a constant with a parameter's values; `[K, R, S, C]` becomes `[K, C, R, S]`.
    String constant(Parameter parameter);

    /// The name of a constant with other values, in the place of a parameter.
    String constant(Parameter inPlaceOf, Tensor values);

    /// The name of a constant with these numbers, in ONNX's order.
    String constant(Shape shape, float... values);

    default String constant(double value) {
        return constant(Shape.SCALAR, (float) value);
    }

    /// Whether batch norms become part of the convolution before them.
    boolean foldsNorms();

    /// The shape of a layer's input for a batch of one, in the engine's order.
    Shape inputOf(Module layer);
}
