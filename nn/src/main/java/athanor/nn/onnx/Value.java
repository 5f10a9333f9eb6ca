package athanor.nn.onnx;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/// What flows along an edge of a graph: numbers of one type in ONNX's order of axes (images are
/// `[N, C, H, W]`).
///
/// Floating ones that the engine computes with are a [Tensor], which may lie in the engine's order
/// `[N, H, W, C]` (`images`) while it is said to be `[N, C, H, W]`: what convolutions yield stays
/// so through elementwise operations, and is transposed only where the order matters. All others
/// are arrays.
final class Value {
    /// Where the engine computes, and in which type instead of float32.
    record Target(Backend backend, DType dtype) {}

    private static final ScopedValue<Target> TARGET = ScopedValue.newInstance();
    private static final int[] TO_IMAGES = {0, 2, 3, 1};
    private static final int[] FROM_IMAGES = {0, 3, 1, 2};

    private sealed interface Data {}

    private record Floating(double[] values) implements Data {}

    private record Whole(long[] values) implements Data {}

    private record OnEngine(Tensor tensor, boolean images) implements Data {}

    private final ElementType type;
    private final Shape shape;
    private final Data data;

    private Value(ElementType type, Shape shape, Data data) {
        this.type = type;
        this.shape = shape;
        this.data = data;
    }

    static <T> T on(Target target, Supplier<T> body) {
        return ScopedValue.where(TARGET, target).call(body::get);
    }

    // ---- making ----

    /// Rounded to the type; to an integer type as a cast does it.
    static Value of(ElementType type, Shape shape, double... values) {
        if (!type.isFloating()) {
            boolean toBool = type == ElementType.BOOL;
            return of(
                    type,
                    shape,
                    Arrays.stream(values)
                            .mapToLong(v -> toBool ? (v == 0 ? 0 : 1) : (long) v)
                            .toArray());
        }
        requireSize(shape, values.length);
        return new Value(
                type, shape, new Floating(Arrays.stream(values).map(type::round).toArray()));
    }

    static Value of(ElementType type, Shape shape, long... values) {
        if (type.isFloating()) {
            return of(type, shape, Arrays.stream(values).mapToDouble(v -> v).toArray());
        }
        requireSize(shape, values.length);
        return new Value(type, shape, new Whole(Arrays.stream(values).map(type::wrap).toArray()));
    }

    private static void requireSize(Shape shape, int length) {
        if (shape.size() != length) {
            throw new IllegalArgumentException(
                    length + " numbers for shape " + shape + ", which takes " + shape.size());
        }
    }

    static Value ofLongs(long... values) {
        return of(ElementType.INT64, Shape.of(values.length), values);
    }

    static Value ofBooleans(Shape shape, long... values) {
        return of(ElementType.BOOL, shape, values);
    }

    static Value of(Tensor tensor) {
        return new Value(typeOf(tensor), tensor.shape(), new OnEngine(tensor, false));
    }

    /// Of `[N, H, W, C]`, said to be `[N, C, H, W]`.
    static Value ofImages(Tensor tensor) {
        int[] dims = Arrays.stream(FROM_IMAGES).map(tensor.shape()::dim).toArray();
        return new Value(typeOf(tensor), Shape.of(dims), new OnEngine(tensor, true));
    }

    private static ElementType typeOf(Tensor tensor) {
        boolean isDouble =
                tensor.dtype() == DType.FLOAT64
                        && (!TARGET.isBound() || TARGET.get().dtype() != DType.FLOAT64);
        return isDouble ? ElementType.DOUBLE : ElementType.FLOAT;
    }

    // ---- what it is ----

    ElementType type() {
        return type;
    }

    Shape shape() {
        return shape;
    }

    int size() {
        return shape.size();
    }

    int rank() {
        return shape.rank();
    }

    /// Whether the engine can compute with it, and so take gradients.
    boolean isTensor() {
        return type.engineType().isPresent();
    }

    boolean isImages() {
        return data instanceof OnEngine(Tensor _, boolean images) && images;
    }

    boolean requiresGradient() {
        return data instanceof OnEngine(Tensor tensor, boolean _) && tensor.requiresGradient();
    }

    // ---- as the engine's tensor ----

    /// In ONNX's order.
    Tensor tensor() {
        return switch (data) {
            case OnEngine(Tensor tensor, boolean images) ->
                    images ? tensor.transpose(FROM_IMAGES) : tensor;
            case Floating _, Whole _ -> converted();
        };
    }

    /// As `[N, H, W, C]`; axes of 1 are put in front where there are fewer than four.
    Tensor images() {
        if (data instanceof OnEngine(Tensor tensor, boolean images) && images) {
            return tensor;
        }
        int[] dims = new int[4];
        Arrays.fill(dims, 1);
        System.arraycopy(shape.dims(), 0, dims, 4 - rank(), rank());
        return tensor().reshape(dims).transpose(TO_IMAGES);
    }

    private Tensor converted() {
        Target target = TARGET.get();
        DType dtype = type == ElementType.DOUBLE ? DType.FLOAT64 : target.dtype();
        double[] values = doubles();
        HostBuffer host = HostBuffer.allocate(dtype, values.length);
        for (int i = 0; i < values.length; i++) {
            host.set(i, values[i]);
        }
        return Tensor.of(target.backend(), shape, host);
    }

    /// The engine's tensor, if it is one.
    Optional<Tensor> handle() {
        return data instanceof OnEngine(Tensor tensor, boolean _)
                ? Optional.of(tensor)
                : Optional.empty();
    }

    // ---- as arrays, in ONNX's order and outside the graph of gradients ----

    double[] doubles() {
        return switch (data) {
            case OnEngine _ -> tensor().toDoubles();
            case Floating(double[] values) -> values;
            case Whole(long[] values) -> {
                boolean huge = type == ElementType.UINT64;
                yield Arrays.stream(values)
                        .mapToDouble(v -> huge && v < 0 ? v + 0x1p64 : v)
                        .toArray();
            }
        };
    }

    long[] longs() {
        return data instanceof Whole(long[] values)
                ? values
                : Arrays.stream(doubles()).mapToLong(v -> (long) v).toArray();
    }

    int[] ints() {
        return Arrays.stream(longs()).mapToInt(Math::toIntExact).toArray();
    }

    /// The only number.
    double item() {
        if (size() != 1) {
            throw new IllegalArgumentException("one number is needed, and " + this + " is given");
        }
        return doubles()[0];
    }

    Value cast(ElementType to) {
        if (to == type) {
            return this;
        }
        if (data instanceof OnEngine(Tensor tensor, boolean images)
                && to.engineType().isPresent()) {
            Tensor y = tensor.cast(to.engineType().get());
            return new Value(to, shape, new OnEngine(y, images));
        }
        return type.isFloating() || (type == ElementType.UINT64 && to.isFloating())
                ? of(to, shape, doubles())
                : of(to, shape, longs());
    }

    // ---- other shapes and other elements ----

    Value reshape(int... dims) {
        if (data instanceof OnEngine) {
            return of(tensor().reshape(dims));
        }
        return new Value(type, Shape.of(dims), data);
    }

    /// Element i is this value's element `index[i]` (its place, row by row), or the fill where that
    /// is -1. All that moves, repeats or leaves out elements is this, and so has a gradient.
    Value take(Shape as, int[] index, double fill) {
        boolean filled = IntStream.of(index).anyMatch(i -> i < 0);
        if (!(data instanceof OnEngine) || index.length == 0 || size() == 0) {
            return type.isFloating() ? takeDoubles(as, index, fill) : takeLongs(as, index, fill);
        }
        Tensor rows = tensor().reshape(size(), 1);
        if (filled) {
            Tensor last = rows.scalarLike(fill).reshape(1, 1);
            rows = Tensor.concat(0, rows, last);
        }
        int[] places = IntStream.of(index).map(i -> i < 0 ? size() : i).toArray();
        Tensor at = Tensor.of(rows.backend(), Shape.of(places.length), HostBuffer.of(places));
        return of(rows.gather(at).reshape(as.dims()));
    }

    private Value takeDoubles(Shape as, int[] index, double fill) {
        double[] values = doubles();
        return of(
                type, as, IntStream.of(index).mapToDouble(i -> i < 0 ? fill : values[i]).toArray());
    }

    private Value takeLongs(Shape as, int[] index, double fill) {
        long[] values = longs();
        return of(
                type,
                as,
                IntStream.of(index).mapToLong(i -> i < 0 ? (long) fill : values[i]).toArray());
    }

    Value transpose(int... permutation) {
        if (isImages() && Arrays.equals(permutation, TO_IMAGES)) {
            return of(((OnEngine) data).tensor());
        }
        if (data instanceof OnEngine) {
            Tensor x = tensor();
            return Arrays.equals(permutation, FROM_IMAGES)
                    ? ofImages(x)
                    : of(rank() < 2 ? x : x.transpose(permutation));
        }
        int[] strides = shape.strides();
        int[] moved = IntStream.of(permutation).map(axis -> strides[axis]).toArray();
        Shape to = Shape.of(IntStream.of(permutation).map(shape::dim).toArray());
        return take(to, Index.strided(to, 0, moved), 0);
    }

    /// Stretched by NumPy's rule.
    Value expand(Shape larger) {
        return shape.equals(larger)
                ? this
                : take(larger, Index.strided(larger, 0, shape.stridesIn(larger)), 0);
    }

    static Shape broadcast(List<Value> values) {
        Shape shape = Shape.SCALAR;
        for (Value value : values) {
            shape = Shape.broadcast("broadcast", shape, value.shape);
        }
        return shape;
    }

    /// As in `float[2, 3]`.
    @Override
    public String toString() {
        return type.name().toLowerCase(Locale.ROOT) + shape;
    }
}
