package athanor.engine.check;

import athanor.engine.Autocast;
import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// One use of an operation, of which all checks are made.
///
/// @param name `operation/variant`; the operation is the class's name
/// @param terms how many numbers are added up for one element of the result at most; 0 for
///     functions of one element that are exact to a few units in its last place
/// @param differentiable whether a gradient flows to the inputs that are not constants
/// @param precision the type it is computed in where it is not FLOAT64, and which holds its inputs
///     exactly; one of 16 bits under [Autocast]
public record OperationCase(
        String name,
        int terms,
        boolean differentiable,
        List<Input> inputs,
        Function<List<Tensor>, Tensor> function,
        DType precision) {

    OperationCase(
            String name,
            int terms,
            boolean differentiable,
            List<Input> inputs,
            Function<List<Tensor>, Tensor> function) {
        this(name, terms, differentiable, inputs, function, DType.FLOAT32);
    }

    static OperationCase of(
            String name, int terms, Function<List<Tensor>, Tensor> function, Input... inputs) {
        return new OperationCase(name, terms, true, List.of(inputs), function);
    }

    static OperationCase constant(
            String name, int terms, Function<List<Tensor>, Tensor> function, Input... inputs) {
        return new OperationCase(name, terms, false, List.of(inputs), function);
    }

    /// The same in a type of 16 bits.
    OperationCase in(DType narrow) {
        return new OperationCase(
                name + " in " + narrow, terms, differentiable, inputs, function, narrow);
    }

    /// What the function has to be run in.
    Autocast autocast(DType floating) {
        return Autocast.open(floating == DType.FLOAT64 ? DType.FLOAT32 : precision);
    }

    /// The part of the name before the slash.
    public String operation() {
        return name.substring(0, name.indexOf('/'));
    }

    /// Whether even an interpreter does it quickly.
    public boolean isSmall() {
        return (long) Math.max(1, terms) * largestInput() <= 20_000;
    }

    /// How many numbers one element of a leaf's gradient is the sum of: the additions of the whole
    /// operation, shared among the leaf's elements.
    int gradientTerms(Shape result, Input leaf) {
        long additions = (long) Math.max(1, terms) * result.size();
        return (int) Math.max(Math.max(1, terms), additions / Math.max(1, leaf.shape().size()));
    }

    /// The inputs on a backend, as FLOAT64 or with FLOAT32, in this case's precision; all seeds
    /// follow from the name.
    public List<Tensor> tensors(Backend backend, DType floating) {
        DType type = floating == DType.FLOAT64 ? floating : precision;
        List<Tensor> tensors = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            tensors.add(inputs.get(i).tensor(backend, type, precision, seed(i)));
        }
        return tensors;
    }

    long seed(int purpose) {
        return name.hashCode() * 31L + purpose;
    }

    int largestInput() {
        return inputs.stream().mapToInt(input -> input.shape().size()).max().orElse(0);
    }

    @Override
    public String toString() {
        return name;
    }
}
