package athanor.nn.onnx;

import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.nn.onnx.Operator.Flow;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.DoubleBinaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/// Operators over whole axes: sums and extremes, softmax, and losses.
final class Reductions {
    private Reductions() {}

    static void register() {
        reduce("ReduceSum", Tensor::sum, Long::sum);
        reduce("ReduceMax", Tensor::max, Math::max);
        reduce("ReduceMin", Tensor::min, Math::min);
        reduce("ReduceMean", Tensor::mean);
        reduce("ReduceL1", (x, axes) -> x.abs().sum(axes));
        reduce("ReduceL2", (x, axes) -> x.square().sum(axes).sqrt());
        reduce("ReduceSumSquare", (x, axes) -> x.square().sum(axes));
        reduce("ReduceLogSum", (x, axes) -> x.sum(axes).log());
        reduce("ReduceLogSumExp", Reductions::logSumExp);
        Operators.add("ReduceProd", Flow.MISSING, Reductions::product);
        extremeIndex("ArgMax", 1);
        extremeIndex("ArgMin", -1);
        Operators.add("CumSum", Flow.MISSING, Reductions::cumulate);
        alongRows("Softmax", Tensor::softmax);
        alongRows("LogSoftmax", Tensor::logSoftmax);
        Operators.add("Hardmax", Flow.ZERO, Reductions::hardmax);
        Operators.add(
                "NegativeLogLikelihoodLoss", Flow.ON, call -> likelihoodLoss(call, call.in(0)));
        Operators.addAll("SoftmaxCrossEntropyLoss", Flow.ON, Reductions::crossEntropy);
    }

    // ---- reductions ----

    /// The axes a reduction is over, an attribute or the second input; all if none are named.
    private static int[] axes(Call call) {
        int[] named = call.integers("axes", 1).orElse(new int[0]);
        int rank = call.in(0).rank();
        boolean none = named.length == 0;
        return none && !call.node().flag("noop_with_empty_axes", false)
                ? IntStream.range(0, rank).toArray()
                : IntStream.of(named).map(call.in(0).shape()::axis).toArray();
    }

    private static Shape kept(Shape shape, int... axes) {
        Shape kept = shape;
        for (int axis : axes) {
            kept = kept.with(axis, 1);
        }
        return kept;
    }

    private static Value finish(Call call, Value kept, int... axes) {
        boolean[] gone = new boolean[kept.rank()];
        IntStream.of(axes).forEach(axis -> gone[axis] = true);
        return call.node().flag("keepdims", true)
                ? kept
                : kept.reshape(
                        IntStream.range(0, gone.length)
                                .filter(i -> !gone[i])
                                .map(kept.shape()::dim)
                                .toArray());
    }

    private static void reduce(String name, BiFunction<Tensor, int[], Tensor> function) {
        Operators.add(name, Flow.ON, call -> floating(call, function));
    }

    private static void reduce(
            String name, BiFunction<Tensor, int[], Tensor> function, LongBinaryOperator onLongs) {
        Operators.add(
                name,
                Flow.ON,
                call ->
                        call.in(0).type().isFloating()
                                ? floating(call, function)
                                : longs(call, onLongs));
    }

    private static Value floating(Call call, BiFunction<Tensor, int[], Tensor> function) {
        Value x = call.in(0);
        int[] axes = axes(call);
        if (axes.length == 0) {
            return x;
        }
        Value known = x.isTensor() ? x : x.cast(ElementType.FLOAT);
        if (known.isImages() && Arrays.equals(axes, new int[] {2, 3})) {
            Tensor means = function.apply(known.images(), new int[] {1, 2});
            Value kept = Value.ofImages(means.reshape(x.shape().dim(0), 1, 1, x.shape().dim(1)));
            return finish(call, kept, axes);
        }
        Tensor y = function.apply(known.tensor(), axes);
        return finish(call, Value.of(y.reshape(kept(x.shape(), axes).dims())), axes).cast(x.type());
    }

    /// Shifted by the largest, so that exp stays finite.
    private static Tensor logSumExp(Tensor x, int... axes) {
        int[] kept = kept(x.shape(), axes).dims();
        Tensor largest = x.max(axes).reshape(kept);
        return x.sub(largest)
                .exp()
                .sum(axes)
                .log()
                .add(largest.reshape(x.sum(axes).shape().dims()));
    }

    /// For each element of x, its place in the result.
    private static int[] targets(Shape shape, int... axes) {
        int[] strides = kept(shape, axes).strides();
        IntStream.of(axes).forEach(axis -> strides[axis] = 0);
        return Index.strided(shape, 0, strides);
    }

    private static Value longs(Call call, LongBinaryOperator function) {
        Value x = call.in(0);
        int[] axes = axes(call);
        Shape kept = kept(x.shape(), axes);
        int[] targets = targets(x.shape(), axes);
        long[] values = x.longs();
        long[] y = new long[kept.size()];
        boolean[] begun = new boolean[y.length];
        for (int i = 0; i < values.length; i++) {
            int at = targets[i];
            y[at] = begun[at] ? function.applyAsLong(y[at], values[i]) : values[i];
            begun[at] = true;
        }
        return finish(call, Value.of(x.type(), kept, y), axes);
    }

    private static Value doubles(Call call, double initial, DoubleBinaryOperator function) {
        Value x = call.in(0);
        int[] axes = axes(call);
        Shape kept = kept(x.shape(), axes);
        int[] targets = targets(x.shape(), axes);
        double[] values = x.doubles();
        double[] y = new double[kept.size()];
        Arrays.fill(y, initial);
        for (int i = 0; i < values.length; i++) {
            y[targets[i]] = function.applyAsDouble(y[targets[i]], values[i]);
        }
        return finish(call, Value.of(x.type(), kept, y), axes);
    }

    private static Value product(Call call) {
        return call.in(0).type().isFloating()
                ? doubles(call, 1, (a, b) -> a * b)
                : longs(call, (a, b) -> a * b);
    }

    /// The place of the largest (or, times -1, smallest) element: the first, or with
    /// `select_last_index` the last.
    private static void extremeIndex(String name, int sign) {
        Operators.add(
                name,
                Flow.ZERO,
                call -> {
                    Value x = call.in(0);
                    int axis = call.axis(0, x.shape());
                    Value kept =
                            Value.of(
                                    ElementType.INT64,
                                    kept(x.shape(), axis),
                                    extremes(
                                            x,
                                            axis,
                                            sign,
                                            call.node().flag("select_last_index", false)));
                    return finish(call, kept, axis);
                });
    }

    private static long[] extremes(Value x, int axis, int sign, boolean last) {
        double[] values = x.doubles();
        int[] starts = Index.strided(x.shape().with(axis, 1), 0, x.shape().strides());
        int stride = x.shape().strides()[axis];
        long[] places = new long[starts.length];
        for (int line = 0; line < starts.length; line++) {
            double best = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < x.shape().dim(axis); i++) {
                double value = sign * values[starts[line] + i * stride];
                if (value > best || (last && value == best)) {
                    best = value;
                    places[line] = i;
                }
            }
        }
        return places;
    }

    private static Value cumulate(Call call) {
        Value x = call.in(0);
        int axis = x.shape().axis((int) call.in(1).item());
        boolean exclusive = call.node().flag("exclusive", false);
        boolean reverse = call.node().flag("reverse", false);
        int length = x.shape().dim(axis);
        int stride = x.shape().strides()[axis];
        double[] values = x.doubles();
        double[] sums = new double[values.length];
        for (int start : Index.strided(x.shape().with(axis, 1), 0, x.shape().strides())) {
            double sum = 0;
            for (int i = 0; i < length; i++) {
                int at = start + (reverse ? length - 1 - i : i) * stride;
                sums[at] = exclusive ? sum : sum + values[at];
                sum += values[at];
            }
        }
        return Value.of(x.type(), x.shape(), sums);
    }

    // ---- softmax ----

    /// From version 13 on over one axis; before, over all from that axis on.
    private static void alongRows(String name, UnaryOperator<Tensor> function) {
        Operators.add(name, Flow.ON, call -> rows(call, x -> Value.of(function.apply(x.tensor()))));
    }

    private static Value rows(Call call, UnaryOperator<Value> function) {
        Value given = call.in(0);
        Value x = given.isTensor() ? given : given.cast(ElementType.FLOAT);
        Shape shape = x.shape();
        if (call.opset() < 13) {
            int axis = call.axis(1, shape);
            int columns = shape.size(axis, shape.rank());
            return function.apply(x.reshape(shape.size(0, axis), columns)).reshape(shape.dims());
        }
        int[] swap = IntStream.range(0, shape.rank()).toArray();
        int axis = call.axis(-1, shape);
        if (x.isImages() && axis == 1) {
            return Value.ofImages(function.apply(Value.of(x.images())).tensor());
        }
        swap[axis] = shape.rank() - 1;
        swap[shape.rank() - 1] = axis;
        return function.apply(x.transpose(swap)).transpose(swap).cast(given.type());
    }

    private static Value hardmax(Call call) {
        return rows(
                call,
                x -> {
                    int width = x.shape().dim(-1);
                    long[] places = extremes(x, x.rank() - 1, 1, false);
                    double[] y = new double[x.size()];
                    for (int row = 0; row < places.length; row++) {
                        y[row * width + (int) places[row]] = 1;
                    }
                    return Value.of(x.type(), x.shape(), y);
                });
    }

    // ---- losses ----

    private static List<Value> crossEntropy(Call call) {
        Value x = call.in(0);
        int[] swap = IntStream.range(0, x.rank()).toArray();
        swap[1] = x.rank() - 1;
        swap[x.rank() - 1] = 1;
        Value logs = Value.of(x.transpose(swap).tensor().logSoftmax()).transpose(swap);
        return List.of(likelihoodLoss(call, logs), logs);
    }

    /// Minus the log-probability of each target, weighted by its class; targets that are
    /// `ignore_index` weigh nothing.
    private static Value likelihoodLoss(Call call, Value logs) {
        Value targets = call.in(1);
        long[] classes = targets.longs();
        long ignored = call.node().integer("ignore_index", Integer.MIN_VALUE);
        boolean ignores = call.node().has("ignore_index");
        double[] ofClass =
                call.optional(2)
                        .map(Value::doubles)
                        .orElseGet(
                                () -> {
                                    double[] ones = new double[logs.shape().dim(1)];
                                    Arrays.fill(ones, 1);
                                    return ones;
                                });
        double[] weights =
                Arrays.stream(classes)
                        .mapToDouble(c -> ignores && c == ignored ? 0 : ofClass[(int) c])
                        .toArray();
        int[] own = targets.shape().strides();
        int[] strides = logs.shape().strides();
        int[] places =
                Index.of(
                        targets.shape(),
                        at -> {
                            int target = (int) classes[Index.place(at, own)];
                            if (ignores && target == ignored) {
                                return -1;
                            }
                            int place = at[0] * strides[0] + target * strides[1];
                            for (int i = 1; i < at.length; i++) {
                                place += at[i] * strides[i + 1];
                            }
                            return place;
                        });
        Value weight = Value.of(logs.type(), targets.shape(), weights);
        Value picked = logs.take(targets.shape(), places, 0);
        Value losses = Elementwise.floating(picked, weight, (x, w) -> x.mul(w).neg());
        return switch (call.node().text("reduction", "mean")) {
            case "none" -> losses;
            case "sum" -> Elementwise.floating(losses, x -> x.sum());
            default -> Elementwise.floating(losses, x -> x.sum().div(Arrays.stream(weights).sum()));
        };
    }
}
