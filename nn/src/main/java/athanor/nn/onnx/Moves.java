package athanor.nn.onnx;

import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.nn.onnx.Operator.Flow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/// Operators that move, repeat, join or choose elements, and those that make values from shapes.
final class Moves {
    private Moves() {}

    static void register() {
        Operators.add("Reshape", Flow.ON, Moves::reshape);
        Operators.add("Flatten", Flow.ON, Moves::flatten);
        Operators.add("Squeeze", Flow.ON, Moves::squeeze);
        Operators.add("Unsqueeze", Flow.ON, Moves::unsqueeze);
        Operators.add("Transpose", Flow.ON, Moves::transpose);
        Operators.add("Expand", Flow.ON, Moves::expand);
        Operators.add("Tile", Flow.ON, Moves::tile);
        Operators.add("Concat", Flow.ON, Moves::concat);
        Operators.addAll("Split", Flow.ON, Moves::split);
        Operators.add("Slice", Flow.ON, Moves::slice);
        Operators.add("Pad", Flow.ON, Moves::pad);
        Operators.add("Gather", Flow.ON, Moves::gather);
        Operators.add("GatherElements", Flow.ON, Moves::gatherElements);
        Operators.add("GatherND", Flow.ON, Moves::gatherNd);
        Operators.add("Scatter", Flow.MISSING, Moves::scatterElements);
        Operators.add("ScatterElements", Flow.MISSING, Moves::scatterElements);
        Operators.add("ScatterND", Flow.MISSING, Moves::scatterNd);
        Operators.add("Compress", Flow.ON, Moves::compress);
        Operators.add("DepthToSpace", Flow.ON, Moves::depthToSpace);
        Operators.add("SpaceToDepth", Flow.ON, Moves::spaceToDepth);
        Operators.add("ReverseSequence", Flow.ON, Moves::reverseSequence);
        Operators.add("Trilu", Flow.ON, Moves::triangle);
        Operators.add("Constant", Flow.ZERO, Moves::constant);
        Operators.add("ConstantOfShape", Flow.ZERO, Moves::constantOfShape);
        Operators.add("Shape", Flow.ZERO, Moves::shapeOf);
        Operators.add("Size", Flow.ZERO, c -> scalar(c.in(0).size()));
        Operators.add("Range", Flow.ZERO, Moves::range);
        Operators.add("EyeLike", Flow.ZERO, Moves::identity);
        Operators.add("OneHot", Flow.ZERO, Moves::oneHot);
        Operators.add("NonZero", Flow.ZERO, Moves::nonZero);
        Operators.addAll("TopK", Flow.ON, Moves::topK);
    }

    private static Value scalar(long value) {
        return Value.of(ElementType.INT64, Shape.SCALAR, value);
    }

    // ---- the same elements in another shape ----

    private static Value reshape(Call call) {
        Value x = call.in(0);
        int[] dims = call.integers("shape", 1).orElseThrow().clone();
        boolean zeroIsZero = call.node().flag("allowzero", false);
        for (int i = 0; i < dims.length; i++) {
            dims[i] = dims[i] == 0 && !zeroIsZero ? x.shape().dim(i) : dims[i];
        }
        return x.isImages() && x.shape().size(2, 4) == 1 && dims.length == 2
                ? Value.of(x.images().reshape(dims))
                : reshaped(x, dims);
    }

    /// One length may be -1: it is what is left.
    static Value reshaped(Value x, int... dims) {
        int known = 1;
        int open = -1;
        for (int i = 0; i < dims.length; i++) {
            if (dims[i] == -1) {
                open = i;
            } else {
                known = Math.multiplyExact(known, dims[i]);
            }
        }
        int[] all = dims.clone();
        if (open >= 0) {
            all[open] = known == 0 ? 0 : x.size() / known;
        }
        if (Shape.of(all).size() != x.size()) {
            throw new IllegalArgumentException(
                    x + " cannot become " + Arrays.toString(dims) + "; the sizes must be equal");
        }
        return x.reshape(all);
    }

    private static Value flatten(Call call) {
        Value x = call.in(0);
        int axis = call.node().integer("axis", 1);
        int at = axis < 0 ? axis + x.rank() : axis;
        if (x.isImages() && at == 1) {
            return Value.of(x.images().flatten());
        }
        Shape shape = x.shape();
        return x.reshape(shape.size(0, at), shape.size(at, shape.rank()));
    }

    private static Value squeeze(Call call) {
        Shape shape = call.in(0).shape();
        boolean[] gone = new boolean[shape.rank()];
        int[] ones = IntStream.range(0, gone.length).filter(i -> shape.dim(i) == 1).toArray();
        for (int axis : call.integers("axes", 1).orElse(ones)) {
            if (shape.dim(axis) != 1) {
                throw new IllegalArgumentException("axis " + axis + " of " + shape + " is not 1");
            }
            gone[shape.axis(axis)] = true;
        }
        return call.in(0)
                .reshape(
                        IntStream.range(0, gone.length)
                                .filter(i -> !gone[i])
                                .map(shape::dim)
                                .toArray());
    }

    private static Value unsqueeze(Call call) {
        int[] axes = call.integers("axes", 1).orElseThrow();
        int[] dims = new int[call.in(0).rank() + axes.length];
        Arrays.fill(dims, -1);
        for (int axis : axes) {
            dims[axis < 0 ? axis + dims.length : axis] = 1;
        }
        int next = 0;
        for (int i = 0; i < dims.length; i++) {
            dims[i] = dims[i] < 0 ? call.in(0).shape().dim(next++) : 1;
        }
        return call.in(0).reshape(dims);
    }

    private static Value transpose(Call call) {
        int rank = call.in(0).rank();
        int[] reversed = IntStream.range(0, rank).map(i -> rank - 1 - i).toArray();
        return call.in(0).transpose(call.node().integers("perm").orElse(reversed));
    }

    private static Value depthToSpace(Call call) {
        Value x = call.in(0);
        int b = call.node().integer("blocksize", 1);
        int[] d = x.shape().dims();
        boolean blocksFirst = call.node().text("mode", "DCR").equals("DCR");
        int inner = d[1] / (b * b);
        Value y =
                blocksFirst
                        ? x.reshape(d[0], b, b, inner, d[2], d[3]).transpose(0, 3, 4, 1, 5, 2)
                        : x.reshape(d[0], inner, b, b, d[2], d[3]).transpose(0, 1, 4, 2, 5, 3);
        return y.reshape(d[0], inner, d[2] * b, d[3] * b);
    }

    private static Value spaceToDepth(Call call) {
        int b = call.node().integer("blocksize", 1);
        int[] d = call.in(0).shape().dims();
        return call.in(0)
                .reshape(d[0], d[1], d[2] / b, b, d[3] / b, b)
                .transpose(0, 3, 5, 1, 2, 4)
                .reshape(d[0], d[1] * b * b, d[2] / b, d[3] / b);
    }

    // ---- repeated, joined, cut ----

    private static Value expand(Call call) {
        Shape asked = Shape.of(call.in(1).ints());
        return call.in(0).expand(Shape.broadcast("expand", call.in(0).shape(), asked));
    }

    private static Value tile(Call call) {
        Value x = call.in(0);
        int[] repeats = call.in(1).ints();
        int[] strides = x.shape().strides();
        int[] dims = x.shape().dims();
        Shape to =
                Shape.of(IntStream.range(0, dims.length).map(i -> dims[i] * repeats[i]).toArray());
        return x.take(
                to,
                Index.of(
                        to,
                        at -> {
                            int place = 0;
                            for (int i = 0; i < at.length; i++) {
                                place += at[i] % dims[i] * strides[i];
                            }
                            return place;
                        }),
                0);
    }

    private static Value concat(Call call) {
        List<Value> parts = call.all();
        Value first = parts.getFirst();
        int axis = call.axis(1, first.shape());
        if (first.isTensor()) {
            boolean images = parts.stream().allMatch(Value::isImages);
            return images
                    ? Value.ofImages(
                            Tensor.concat(
                                    new int[] {0, 3, 1, 2}[axis],
                                    parts.stream().map(Value::images).toArray(Tensor[]::new)))
                    : Value.of(
                            Tensor.concat(
                                    axis,
                                    parts.stream().map(Value::tensor).toArray(Tensor[]::new)));
        }
        // Along the first axis, one lies behind the other.
        int[] front =
                IntStream.range(0, first.rank())
                        .map(i -> i == 0 ? axis : i == axis ? 0 : i)
                        .toArray();
        List<Value> turned = parts.stream().map(part -> part.transpose(front)).toList();
        int length = turned.stream().mapToInt(part -> part.shape().dim(0)).sum();
        Shape to = turned.getFirst().shape().with(0, length);
        Value all =
                first.type().isFloating()
                        ? Value.of(
                                first.type(),
                                to,
                                turned.stream()
                                        .flatMapToDouble(part -> Arrays.stream(part.doubles()))
                                        .toArray())
                        : Value.of(
                                first.type(),
                                to,
                                turned.stream()
                                        .flatMapToLong(part -> Arrays.stream(part.longs()))
                                        .toArray());
        return all.transpose(front);
    }

    private static List<Value> split(Call call) {
        Value x = call.in(0);
        int axis = call.axis(0, x.shape());
        int length = x.shape().dim(axis);
        int count = call.outputs();
        int each = (length + count - 1) / count;
        int[] equal =
                IntStream.range(0, count).map(i -> Math.min(each, length - i * each)).toArray();
        int[] sizes = call.integers("split", 1).orElse(equal);
        List<Value> parts = new ArrayList<>();
        int from = 0;
        for (int size : sizes) {
            parts.add(cut(x, axis, from, 1, size));
            from += size;
        }
        return parts;
    }

    /// `count` places of an axis, from one on.
    static Value cut(Value x, int axis, int from, int step, int count) {
        if (x.isTensor() && step == 1 && from >= 0 && from + count <= x.shape().dim(axis)) {
            return Value.of(x.tensor().slice(axis, from, from + count));
        }
        int[] places = IntStream.range(0, count).map(i -> from + i * step).toArray();
        return pick(x, axis, places);
    }

    /// The named places of an axis; -1 is filled by 0.
    static Value pick(Value x, int axis, int... places) {
        Shape to = x.shape().with(axis, places.length);
        int[] strides = x.shape().strides();
        return x.take(
                to,
                Index.of(
                        to,
                        at -> {
                            int place = places[at[axis]];
                            return place < 0
                                    ? -1
                                    : Index.place(at, strides) + (place - at[axis]) * strides[axis];
                        }),
                0);
    }

    private static Value slice(Call call) {
        Value y = call.in(0);
        int[] starts = clamped(call.has(1) ? call.in(1).longs() : longs(call, "starts"));
        int[] ends = clamped(call.has(2) ? call.in(2).longs() : longs(call, "ends"));
        int[] axes = call.integers("axes", 3).orElse(IntStream.range(0, starts.length).toArray());
        int[] steps = call.has(4) ? call.in(4).ints() : new int[0];
        for (int i = 0; i < starts.length; i++) {
            int axis = y.shape().axis(axes[i]);
            int length = y.shape().dim(axis);
            int step = steps.length > 0 ? steps[i] : 1;
            if (step == 0) {
                throw new IllegalArgumentException("a step of 0");
            }
            int low = step > 0 ? 0 : -1;
            int high = step > 0 ? length : length - 1;
            int from = Math.clamp(starts[i] < 0 ? (long) starts[i] + length : starts[i], low, high);
            int to = Math.clamp(ends[i] < 0 ? (long) ends[i] + length : ends[i], low, high);
            int count = Math.max(0, Math.ceilDiv(to - from, step));
            y = cut(y, axis, from, step, count);
        }
        return y;
    }

    private static long[] longs(Call call, String attribute) {
        return Arrays.stream(call.node().integers(attribute).orElseThrow())
                .asLongStream()
                .toArray();
    }

    /// "To the end" is often written as the largest long.
    private static int[] clamped(long... values) {
        return LongStream.of(values)
                .mapToInt(v -> Math.clamp(v, Integer.MIN_VALUE, Integer.MAX_VALUE))
                .toArray();
    }

    private static Value pad(Call call) {
        Value x = call.in(0);
        int[] pads =
                call.has(1)
                        ? call.in(1).ints()
                        : call.node()
                                .integers("pads")
                                .or(() -> call.node().integers("paddings"))
                                .orElseThrow();
        if (call.has(3)) {
            int[] all = new int[2 * x.rank()];
            int[] axes = call.in(3).ints();
            for (int i = 0; i < axes.length; i++) {
                all[x.shape().axis(axes[i])] = pads[i];
                all[x.rank() + x.shape().axis(axes[i])] = pads[axes.length + i];
            }
            pads = all;
        }
        double fill = call.optional(2).map(Value::item).orElse(call.node().real("value", 0));
        return padded(x, pads, fill, call.node().text("mode", "constant"));
    }

    /// Pads are those before each axis, and then those after; negative ones cut.
    static Value padded(Value x, int[] pads, double fill, String mode) {
        int rank = x.rank();
        int[] dims = x.shape().dims();
        int[] strides = x.shape().strides();
        Shape to =
                Shape.of(
                        IntStream.range(0, rank)
                                .map(i -> dims[i] + pads[i] + pads[rank + i])
                                .toArray());
        return x.take(
                to,
                Index.of(
                        to,
                        at -> {
                            int place = 0;
                            for (int i = 0; i < rank; i++) {
                                int inside = inside(at[i] - pads[i], dims[i], mode);
                                if (inside < 0) {
                                    return -1;
                                }
                                place += inside * strides[i];
                            }
                            return place;
                        }),
                fill);
    }

    private static int inside(int place, int length, String mode) {
        return switch (mode) {
            case "constant" -> place < length ? Math.max(place, -1) : -1;
            case "edge" -> Math.clamp(place, 0, length - 1);
            case "reflect" -> {
                int period = Math.max(1, 2 * (length - 1));
                int at = Math.floorMod(place, period);
                yield Math.min(at, period - at);
            }
            case "wrap" -> Math.floorMod(place, length);
            default -> throw new IllegalArgumentException("mode " + mode);
        };
    }

    // ---- chosen by an index ----

    private static int row(long index, int length) {
        if (index < -length || index >= length) {
            throw new IllegalArgumentException(
                    "index " + index + "; there are places 0 to " + (length - 1));
        }
        return (int) (index < 0 ? index + length : index);
    }

    private static Value gather(Call call) {
        Value x = call.in(0);
        Value indices = call.in(1);
        int axis = call.axis(0, x.shape());
        int length = x.shape().dim(axis);
        int[] places = Arrays.stream(indices.longs()).mapToInt(i -> row(i, length)).toArray();
        int[] dims = x.shape().dims();
        int[] to =
                IntStream.concat(
                                IntStream.concat(
                                        Arrays.stream(dims, 0, axis),
                                        Arrays.stream(indices.shape().dims())),
                                Arrays.stream(dims, axis + 1, dims.length))
                        .toArray();
        return pick(x, axis, places).reshape(to);
    }

    private static Value gatherElements(Call call) {
        Value x = call.in(0);
        Shape shape = call.in(1).shape();
        return x.take(shape, elements(x.shape(), call.in(1), call.axis(0, x.shape())), 0);
    }

    /// The places in `shape` that lie at the coordinates of an index but for one axis, where they
    /// are its elements.
    private static int[] elements(Shape shape, Value index, int axis) {
        long[] along = index.longs();
        int[] strides = shape.strides();
        int[] own = index.shape().strides();
        return Index.of(
                index.shape(),
                at ->
                        Index.place(at, strides)
                                + (row(along[Index.place(at, own)], shape.dim(axis)) - at[axis])
                                        * strides[axis]);
    }

    private static Value gatherNd(Call call) {
        Value x = call.in(0);
        int batch = call.node().integer("batch_dims", 0);
        return x.take(ndShape(x.shape(), call.in(1), batch), nd(x.shape(), call.in(1), batch), 0);
    }

    private static Shape ndShape(Shape x, Value index, int batch) {
        int depth = index.shape().dim(-1);
        return Shape.of(
                IntStream.concat(
                                Arrays.stream(index.shape().dims(), 0, index.rank() - 1),
                                Arrays.stream(x.dims(), batch + depth, x.rank()))
                        .toArray());
    }

    /// The places of x that rows of an index name by their first coordinates.
    private static int[] nd(Shape x, Value index, int batch) {
        int depth = index.shape().dim(-1);
        int rows = index.rank() - 1;
        int[] own = index.shape().strides();
        int[] strides = x.strides();
        long[] coordinates = index.longs();
        return Index.of(
                ndShape(x, index, batch),
                at -> {
                    int place = 0;
                    for (int i = 0; i < batch; i++) {
                        place += at[i] * strides[i];
                    }
                    int first = 0;
                    for (int i = 0; i < rows; i++) {
                        first += at[i] * own[i];
                    }
                    for (int i = 0; i < depth; i++) {
                        place += row(coordinates[first + i], x.dim(batch + i)) * strides[batch + i];
                    }
                    for (int i = rows; i < at.length; i++) {
                        place += at[i] * strides[batch + depth + i - rows];
                    }
                    return place;
                });
    }

    private static Value scatterElements(Call call) {
        Shape shape = call.in(0).shape();
        return scattered(call, elements(shape, call.in(1), call.axis(0, shape)));
    }

    private static Value scatterNd(Call call) {
        return scattered(call, nd(call.in(0).shape(), call.in(1), 0));
    }

    private static Value scattered(Call call, int... places) {
        Value x = call.in(0);
        String reduction = call.node().text("reduction", "none");
        double[] y = x.doubles().clone();
        double[] updates = call.in(2).doubles();
        for (int i = 0; i < places.length; i++) {
            int at = places[i];
            y[at] =
                    switch (reduction) {
                        case "none" -> updates[i];
                        case "add" -> y[at] + updates[i];
                        case "mul" -> y[at] * updates[i];
                        case "max" -> Math.max(y[at], updates[i]);
                        case "min" -> Math.min(y[at], updates[i]);
                        default -> throw new IllegalArgumentException("reduction " + reduction);
                    };
        }
        return Value.of(x.type(), x.shape(), y);
    }

    private static Value compress(Call call) {
        long[] chosen = call.in(1).longs();
        int[] places = IntStream.range(0, chosen.length).filter(i -> chosen[i] != 0).toArray();
        Value x = call.in(0);
        return call.node().has("axis")
                ? pick(x, call.axis(0, x.shape()), places)
                : x.take(Shape.of(places.length), places, 0);
    }

    private static Value reverseSequence(Call call) {
        Value x = call.in(0);
        long[] lengths = call.in(1).longs();
        int batch = call.node().integer("batch_axis", 1);
        int time = call.node().integer("time_axis", 0);
        int[] strides = x.shape().strides();
        return x.take(
                x.shape(),
                Index.of(
                        x.shape(),
                        at -> {
                            int length = (int) lengths[at[batch]];
                            int moved = at[time] < length ? length - 1 - 2 * at[time] : 0;
                            return Index.place(at, strides) + moved * strides[time];
                        }),
                0);
    }

    private static Value triangle(Call call) {
        Value x = call.in(0);
        boolean upper = call.node().flag("upper", true);
        long k = call.optional(1).map(value -> (long) value.item()).orElse(0L);
        int[] strides = x.shape().strides();
        int rank = x.rank();
        return x.take(
                x.shape(),
                Index.of(
                        x.shape(),
                        at -> {
                            long above = at[rank - 1] - at[rank - 2] - k;
                            boolean kept = upper ? above >= 0 : above <= 0;
                            return kept ? Index.place(at, strides) : -1;
                        }),
                0);
    }

    private static List<Value> topK(Call call) {
        Value x = call.in(0);
        int k = call.has(1) ? (int) call.in(1).longs()[0] : call.node().integer("k", 1);
        int axis = call.axis(-1, x.shape());
        boolean largest = call.node().flag("largest", true);
        double[] values = x.doubles();
        int length = x.shape().dim(axis);
        if (k < 0 || k > length) {
            throw new IllegalArgumentException("k " + k + " of " + length + " elements");
        }
        int stride = x.shape().strides()[axis];
        Shape lines = x.shape().with(axis, 1);
        Shape to = x.shape().with(axis, k);
        int[] from = new int[to.size()];
        long[] ranks = new long[to.size()];
        int[] starts = Index.strided(lines, 0, x.shape().strides());
        int[] targets = Index.strided(lines, 0, to.strides());
        for (int line = 0; line < starts.length; line++) {
            int start = starts[line];
            Comparator<Integer> order = Comparator.comparingDouble(i -> values[start + i * stride]);
            List<Integer> best =
                    IntStream.range(0, length)
                            .boxed()
                            .sorted(largest ? order.reversed() : order)
                            .limit(k)
                            .toList();
            for (int i = 0; i < k; i++) {
                int target = targets[line] + i * to.strides()[axis];
                from[target] = start + best.get(i) * stride;
                ranks[target] = best.get(i);
            }
        }
        return List.of(x.take(to, from, 0), Value.of(ElementType.INT64, to, ranks));
    }

    // ---- made from shapes and constants ----

    private static Value constant(Call call) {
        Node node = call.node();
        if (node.has("value")) {
            return TensorFormat.read(node.part("value", 5));
        }
        if (node.has("value_float")) {
            return Value.of(ElementType.FLOAT, Shape.SCALAR, node.real("value_float", 0));
        }
        if (node.has("value_int")) {
            return scalar(node.integer("value_int", 0));
        }
        if (node.has("value_floats")) {
            double[] values = node.reals("value_floats");
            return Value.of(ElementType.FLOAT, Shape.of(values.length), values);
        }
        return Value.ofLongs(longs(call, "value_ints"));
    }

    private static Value constantOfShape(Call call) {
        Shape shape = Shape.of(call.in(0).ints());
        Value fill =
                call.node().has("value")
                        ? TensorFormat.read(call.node().part("value", 5))
                        : Value.of(ElementType.FLOAT, Shape.of(1), 0.0);
        return fill.take(shape, new int[shape.size()], 0);
    }

    private static Value shapeOf(Call call) {
        int[] dims = call.in(0).shape().dims();
        int start = call.node().integer("start", 0);
        int end = call.node().integer("end", dims.length);
        int from = Math.clamp(start < 0 ? start + dims.length : start, 0, dims.length);
        int to = Math.clamp(end < 0 ? end + dims.length : end, from, dims.length);
        return Value.ofLongs(Arrays.stream(dims, from, to).asLongStream().toArray());
    }

    private static Value range(Call call) {
        double start = call.in(0).item();
        double step = call.in(2).item();
        int count = (int) Math.max(0, Math.ceil((call.in(1).item() - start) / step));
        return Value.of(
                call.in(0).type(),
                Shape.of(count),
                IntStream.range(0, count).mapToDouble(i -> start + i * step).toArray());
    }

    private static Value identity(Call call) {
        Shape shape = call.in(0).shape();
        int k = call.node().integer("k", 0);
        ElementType type =
                call.node().has("dtype")
                        ? ElementType.of(call.node().integer("dtype", 1))
                        : call.in(0).type();
        int[] ones = Index.of(shape, at -> at[1] - at[0] == k ? 1 : 0);
        return Value.of(type, shape, Arrays.stream(ones).asLongStream().toArray());
    }

    private static Value oneHot(Call call) {
        Value indices = call.in(0);
        int depth = (int) call.in(1).doubles()[0];
        double[] values = call.in(2).doubles();
        int rank = indices.rank() + 1;
        int asked = call.node().integer("axis", -1);
        int axis = asked < 0 ? asked + rank : asked;
        int[] dims = new int[rank];
        int[] strides = new int[rank];
        int[] own = indices.shape().strides();
        for (int i = 0; i < rank; i++) {
            int from = i > axis ? i - 1 : i;
            dims[i] = i == axis ? depth : indices.shape().dim(from);
            strides[i] = i == axis ? 0 : own[from];
        }
        double[] hot = indices.doubles();
        Shape shape = Shape.of(dims);
        int[] chosen =
                Index.of(
                        shape,
                        at -> {
                            double index = hot[Index.place(at, strides)];
                            double wrapped = index < 0 ? index + depth : index;
                            return wrapped == at[axis] ? 1 : 0;
                        });
        return Value.of(
                call.in(2).type(),
                shape,
                Arrays.stream(chosen).mapToDouble(i -> values[i]).toArray());
    }

    private static Value nonZero(Call call) {
        Value x = call.in(0);
        double[] values = x.doubles();
        int[] places = IntStream.range(0, values.length).filter(i -> values[i] != 0).toArray();
        int[] strides = x.shape().strides();
        Shape shape = Shape.of(x.rank(), places.length);
        int[] coordinates =
                Index.of(
                        shape,
                        at -> places[at[1]] / strides[at[0]] % Math.max(1, x.shape().dim(at[0])));
        return Value.of(
                ElementType.INT64, shape, Arrays.stream(coordinates).asLongStream().toArray());
    }
}
