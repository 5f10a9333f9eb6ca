package athanor.engine.check;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import java.util.SplittableRandom;

/// A sample input of an operation: a shape, and how its elements are drawn. They depend on a seed
/// alone and are exact in float32, so that every backend and type computes on the same numbers.
///
/// @param constant whether the operation promises no gradient for it
public record Input(Shape shape, Values values, double low, double high, boolean constant) {
    /// How elements are drawn from low..high.
    public enum Values {
        UNIFORM,
        /// Uniform, with either sign: away from a kink or a pole at 0.
        SIGNED,
        /// An even grid in random order: no two are close, so that a maximum does not change hands.
        DISTINCT,
        /// Whole numbers, so that some are equal.
        WHOLE,
        /// Whole numbers below high, as INT32.
        INDEX
    }

    public static Input any(int... dims) {
        return within(-2, 2, dims);
    }

    public static Input within(double low, double high, int... dims) {
        return new Input(Shape.of(dims), Values.UNIFORM, low, high, false);
    }

    public static Input positive(int... dims) {
        return within(0.5, 2, dims);
    }

    public static Input nonzero(int... dims) {
        return new Input(Shape.of(dims), Values.SIGNED, 0.25, 2, false);
    }

    public static Input distinct(int... dims) {
        return new Input(Shape.of(dims), Values.DISTINCT, -2, 2, false);
    }

    public static Input whole(int... dims) {
        return new Input(Shape.of(dims), Values.WHOLE, -2, 3, true);
    }

    public static Input indices(int bound, int... dims) {
        return new Input(Shape.of(dims), Values.INDEX, 0, bound, true);
    }

    /// The same without a gradient.
    public Input asConstant() {
        return new Input(shape, values, low, high, true);
    }

    /// The same in another shape.
    public Input with(Shape other) {
        return new Input(other, values, low, high, constant);
    }

    /// The elements, as INT32 or in a floating type.
    public HostBuffer draw(DType floating, long seed) {
        return draw(floating, DType.FLOAT32, seed);
    }

    /// The same, all of them numbers of `precision`.
    private HostBuffer draw(DType floating, DType precision, long seed) {
        HostBuffer rounded = HostBuffer.allocate(precision, 1);
        SplittableRandom random = new SplittableRandom(seed);
        int size = shape.size();
        HostBuffer elements =
                HostBuffer.allocate(values == Values.INDEX ? DType.INT32 : floating, size);
        int[] order = values == Values.DISTINCT ? shuffled(size, random) : new int[0];
        for (int i = 0; i < size; i++) {
            double value =
                    switch (values) {
                        case UNIFORM -> random.nextDouble(low, high);
                        case SIGNED ->
                                random.nextDouble(low, high) * (random.nextBoolean() ? 1 : -1);
                        case DISTINCT -> low + (high - low) * order[i] / size;
                        case WHOLE, INDEX -> random.nextInt((int) low, (int) high);
                    };
            rounded.set(0, value);
            elements.set(i, rounded.get(0));
        }
        return elements;
    }

    Tensor tensor(Backend backend, DType floating, DType precision, long seed) {
        return Tensor.of(backend, shape, draw(floating, precision, seed));
    }

    private static int[] shuffled(int size, SplittableRandom random) {
        int[] order = new int[size];
        for (int i = 0; i < size; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }
}
