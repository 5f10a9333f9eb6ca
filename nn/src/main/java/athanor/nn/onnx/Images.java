package athanor.nn.onnx;

import athanor.engine.Conv2dOptions;
import athanor.engine.Moments;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.nn.onnx.Operator.Flow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/// Convolution, pooling and normalization: what the engine does in its own order of axes. Two axes
/// of an image are its case; one is a special one, and a third is summed over here.
final class Images {
    private Images() {}

    static void register() {
        Operators.add("Conv", Flow.ON, Images::convolution);
        Operators.add("ConvTranspose", Flow.ON, Images::transposedConvolution);
        Operators.addAll("MaxPool", Flow.ON, Images::maxPool);
        Operators.add("AveragePool", Flow.ON, Images::averagePool);
        global("GlobalAveragePool", x -> x.adaptiveAveragePool(1, 1), Tensor::mean);
        global("GlobalMaxPool", x -> x.adaptiveMaxPool(1, 1), Tensor::max);
        Operators.addAll("BatchNormalization", Flow.ON, Images::batchNorm);
        Operators.add("InstanceNormalization", Flow.ON, Images::instanceNorm);
        Operators.addAll("LayerNormalization", Flow.ON, Images::layerNorm);
        Operators.add("MeanVarianceNormalization", Flow.ON, Images::meanVarianceNorm);
        Operators.add("LRN", Flow.ON, Images::localResponseNorm);
    }

    // ---- convolution ----

    private static Value convolution(Call call) {
        return convolve(call, call.in(0), call.in(1), call.optional(2));
    }

    static Value convolve(Call call, Value x, Value w, Optional<Value> bias) {
        int[] kernel = Arrays.copyOfRange(w.shape().dims(), 2, w.rank());
        Windows windows = Windows.of(call.node(), x.shape(), kernel);
        return convolve(windows, call.node().integer("group", 1), x, w, bias);
    }

    private static Value convolve(Windows g, int groups, Value x, Value w, Optional<Value> bias) {
        return switch (g.axes()) {
            case 1 -> {
                Windows flat =
                        new Windows(
                                behind(1, g.image()),
                                behind(1, g.kernel()),
                                behind(1, g.strides()),
                                behind(1, g.dilations()),
                                behind(0, g.begin()),
                                behind(0, g.end()));
                Value y = convolve(flat, groups, tall(x), tall(w), bias);
                yield y.reshape(y.shape().dim(0), y.shape().dim(1), y.shape().dim(3));
            }
            case 2 -> Value.ofImages(convolve2d(g, groups, x.images(), w.images(), bias));
            case 3 -> convolve3d(g, groups, x, w, bias);
            default ->
                    throw new IllegalArgumentException(
                            "a convolution over " + g.axes() + " axes; 1 to 3 are supported");
        };
    }

    private static int[] behind(int first, int... rest) {
        return IntStream.concat(IntStream.of(first), IntStream.of(rest)).toArray();
    }

    /// `[N, C, L]` as images of height 1.
    private static Value tall(Value x) {
        int[] dims = x.shape().dims();
        return x.reshape(dims[0], dims[1], 1, dims[2]);
    }

    private static Tensor convolve2d(
            Windows g, int groups, Tensor x, Tensor w, Optional<Value> bias) {
        boolean symmetric = g.isSymmetric();
        Tensor padded =
                symmetric ? x : x.pad(1, g.begin()[0], g.end()[0]).pad(2, g.begin()[1], g.end()[1]);
        Conv2dOptions options =
                new Conv2dOptions(
                        g.strides()[0],
                        g.strides()[1],
                        symmetric ? g.begin()[0] : 0,
                        symmetric ? g.begin()[1] : 0,
                        g.dilations()[0],
                        g.dilations()[1],
                        groups);
        return bias.map(b -> padded.conv2d(w, b.tensor(), Optional.empty(), false, options))
                .orElseGet(() -> padded.conv2d(w, options));
    }

    /// The sum over the filter's planes of two-dimensional convolutions.
    private static Value convolve3d(Windows g, int groups, Value x, Value w, Optional<Value> bias) {
        Windows plane =
                new Windows(
                        rest(g.image()),
                        rest(g.kernel()),
                        rest(g.strides()),
                        rest(g.dilations()),
                        rest(g.begin()),
                        rest(g.end()));
        int depth = g.count(0, false);
        int[] d = x.shape().dims();
        int[] f = w.shape().dims();
        Optional<Value> sum = Optional.empty();
        for (int k = 0; k < g.kernel()[0]; k++) {
            int offset = k * g.dilations()[0] - g.begin()[0];
            int[] planes =
                    IntStream.range(0, depth)
                            .map(i -> i * g.strides()[0] + offset)
                            .map(i -> i < d[2] ? Math.max(i, -1) : -1)
                            .toArray();
            Value images =
                    Moves.pick(x, 2, planes)
                            .transpose(0, 2, 1, 3, 4)
                            .reshape(d[0] * depth, d[1], d[3], d[4]);
            Value filters = Moves.pick(w, 2, k).reshape(f[0], f[1], f[3], f[4]);
            Value part =
                    convolve(
                            plane,
                            groups,
                            images,
                            filters,
                            sum.isEmpty() ? bias : Optional.empty());
            sum =
                    Optional.of(
                            sum.map(s -> Elementwise.floating(s, part, Tensor::add)).orElse(part));
        }
        Value y = sum.orElseThrow();
        int[] s = y.shape().dims();
        return y.reshape(d[0], depth, s[1], s[2], s[3]).transpose(0, 2, 1, 3, 4);
    }

    private static int[] rest(int... all) {
        return Arrays.copyOfRange(all, 1, all.length);
    }

    /// A convolution of stride 1 with the filters turned around, over the image with zeros between
    /// its elements.
    private static Value transposedConvolution(Call call) {
        Value x = call.in(0);
        Node node = call.node();
        int[] filterDims = call.in(1).shape().dims();
        int[] kernel = Arrays.copyOfRange(filterDims, 2, filterDims.length);
        Windows g = Windows.of(node, x.shape(), kernel);
        int groups = node.integer("group", 1);
        int[] extra = node.integers("output_padding").orElse(new int[g.axes()]);
        Optional<int[]> asked = node.integers("output_shape");
        String same = node.text("auto_pad", "NOTSET");
        int[] none = new int[g.axes()];
        int[] sizes = new int[g.axes()];
        Value stuffed = x;
        for (int i = 0; i < g.axes(); i++) {
            int stride = g.strides()[i];
            int length = g.image()[i];
            int full = stride * (length - 1) + extra[i] + g.reach(i);
            int begin = g.begin()[i];
            int out = full - begin - g.end()[i];
            if (asked.isPresent() || same.startsWith("SAME")) {
                int axis = i;
                out = asked.map(s -> s[s.length - g.axes() + axis]).orElse(length * stride);
                int total = Math.max(0, full - out);
                begin = same.equals("SAME_UPPER") ? total / 2 : total - total / 2;
            }
            int before = g.reach(i) - 1 - begin;
            int[] places =
                    IntStream.range(0, out + g.reach(i) - 1)
                            .map(p -> p - before)
                            .map(
                                    q ->
                                            q < 0 || q % stride != 0 || q / stride >= length
                                                    ? -1
                                                    : q / stride)
                            .toArray();
            stuffed = Moves.pick(stuffed, 2 + i, places);
            sizes[i] = places.length;
        }
        int[] ones = new int[g.axes()];
        Arrays.fill(ones, 1);
        Windows unit = new Windows(sizes, kernel, ones, g.dilations(), none, none);
        return convolve(unit, groups, stuffed, turned(call.in(1), groups), call.optional(2));
    }

    /// Filters `[C, M / groups, ...]` as `[M, C / groups, ...]`, turned around.
    private static Value turned(Value w, int groups) {
        int[] dims = w.shape().dims();
        int[] strides = w.shape().strides();
        int in = dims[0] / groups;
        int out = dims[1];
        int[] to = dims.clone();
        to[0] = out * groups;
        to[1] = in;
        Shape shape = Shape.of(to);
        return w.take(
                shape,
                Index.of(
                        shape,
                        at -> {
                            int group = at[0] / out;
                            int place =
                                    (group * in + at[1]) * strides[0] + at[0] % out * strides[1];
                            for (int i = 2; i < dims.length; i++) {
                                place += (dims[i] - 1 - at[i]) * strides[i];
                            }
                            return place;
                        }),
                0);
    }

    // ---- pools ----

    private static Windows windows(Call call) {
        return Windows.of(
                call.node(),
                call.in(0).shape(),
                call.node().integers("kernel_shape").orElseThrow());
    }

    private static Shape pooled(Value x, Windows g, boolean ceil) {
        int[] dims = x.shape().dims();
        for (int i = 0; i < g.axes(); i++) {
            dims[2 + i] = g.count(i, ceil);
        }
        return Shape.of(dims);
    }

    /// For each window (a row), the places it sees; -1 in the padding, -2 behind it.
    private static int[] seen(Value x, Windows g, Shape pooled) {
        int[] strides = x.shape().strides();
        int size = IntStream.of(g.kernel()).reduce(1, (a, b) -> a * b);
        int rank = x.rank();
        int[] dims = Arrays.copyOf(pooled.dims(), rank + 1);
        dims[rank] = size;
        return Index.of(
                Shape.of(dims),
                at -> {
                    int place = at[0] * strides[0] + at[1] * strides[1];
                    int inside = at[rank];
                    int outside = 0;
                    for (int i = g.axes() - 1; i >= 0; i--) {
                        int k = inside % g.kernel()[i];
                        inside /= g.kernel()[i];
                        int p = at[2 + i] * g.strides()[i] - g.begin()[i] + k * g.dilations()[i];
                        if (p < 0 || p >= g.image()[i]) {
                            outside = p >= g.image()[i] + g.end()[i] ? -2 : Math.min(outside, -1);
                        }
                        place += p * strides[2 + i];
                    }
                    return outside < 0 ? outside : place;
                });
    }

    private static List<Value> maxPool(Call call) {
        ElementType type = call.in(0).type();
        // Integers of 8 bits are pooled too.
        Value x = call.in(0).isTensor() ? call.in(0) : call.in(0).cast(ElementType.FLOAT);
        Windows g = windows(call);
        boolean ceil = call.node().flag("ceil_mode", false);
        if (x.type() == type && g.isSquare() && !ceil && call.outputs() == 1) {
            int kernel = g.kernel()[0];
            return List.of(
                    Value.ofImages(x.images().maxPool(kernel, g.strides()[0], g.begin()[0])));
        }
        Shape shape = pooled(x, g, ceil);
        int[] seen = seen(x, g, shape);
        int rows = shape.size();
        int size = rows == 0 ? 0 : seen.length / rows;
        Value windows = x.take(Shape.of(rows, size), seen, Double.NEGATIVE_INFINITY);
        Value y = Value.of(windows.tensor().max(1).reshape(shape.dims())).cast(type);
        if (call.outputs() == 1) {
            return List.of(y);
        }
        double[] elements = windows.doubles();
        boolean columns = call.node().flag("storage_order", false);
        long[] places = new long[rows];
        for (int row = 0; row < rows; row++) {
            int best = row * size;
            for (int i = best; i < (row + 1) * size; i++) {
                best = seen[best] < 0 || elements[i] > elements[best] ? i : best;
            }
            places[row] = columns ? columnMajor(seen[best], g.image()) : seen[best];
        }
        return List.of(y, Value.of(ElementType.INT64, shape, places));
    }

    /// The place in an image whose first axis is contiguous.
    private static long columnMajor(int place, int... image) {
        int size = IntStream.of(image).reduce(1, (a, b) -> a * b);
        int within = place % size;
        int moved = 0;
        for (int i = image.length - 1, stride = size; i >= 0; i--) {
            stride /= image[i];
            moved += within % image[i] * stride;
            within /= image[i];
        }
        return place - place % size + moved;
    }

    private static Value averagePool(Call call) {
        Value x = call.in(0);
        Windows g = windows(call);
        boolean ceil = call.node().flag("ceil_mode", false);
        boolean countsPadding = call.node().flag("count_include_pad", false);
        boolean padded =
                IntStream.concat(IntStream.of(g.begin()), IntStream.of(g.end()))
                        .anyMatch(p -> p > 0);
        if (g.isSquare() && !ceil && (countsPadding || !padded)) {
            int kernel = g.kernel()[0];
            return Value.ofImages(x.images().averagePool(kernel, g.strides()[0], g.begin()[0]));
        }
        Shape shape = pooled(x, g, ceil);
        int[] seen = seen(x, g, shape);
        int rows = shape.size();
        int size = rows == 0 ? 0 : seen.length / rows;
        double[] counts = new double[rows];
        for (int i = 0; i < seen.length; i++) {
            counts[i / size] += seen[i] >= 0 || (countsPadding && seen[i] == -1) ? 1 : 0;
        }
        Tensor sums = x.take(Shape.of(rows, size), seen, 0).tensor().sum(1).reshape(shape.dims());
        return Value.of(sums.div(Value.of(x.type(), shape, counts).tensor()));
    }

    private static void global(
            String name, UnaryOperator<Tensor> onImages, BiFunction<Tensor, int[], Tensor> over) {
        Operators.add(
                name,
                Flow.ON,
                call -> {
                    Value x = call.in(0);
                    if (x.rank() == 4) {
                        return Value.ofImages(onImages.apply(x.images()));
                    }
                    int[] dims = x.shape().dims();
                    Arrays.fill(dims, 2, dims.length, 1);
                    int[] axes = IntStream.range(2, dims.length).toArray();
                    return Value.of(over.apply(x.tensor(), axes).reshape(dims));
                });
    }

    // ---- normalization ----

    /// In training the moments are the batch's, and the running ones follow them. (Here the running
    /// variance is divided by the count, in PyTorch by count - 1.)
    private static List<Value> batchNorm(Call call) {
        Value x = call.in(0);
        if (!call.node().flag("spatial", true)) {
            throw new IllegalArgumentException("a norm of places instead of channels");
        }
        double epsilon = call.node().real("epsilon", 1e-5);
        Tensor scale = call.in(1).tensor();
        Tensor shift = call.in(2).tensor();
        Value mean = call.in(3);
        Value variance = call.in(4);
        int[] last = channelsLast(x.rank(), false);
        Tensor t = x.rank() == 4 ? x.images() : x.transpose(last).tensor();
        boolean training = call.training() || call.node().flag("training_mode", false);
        Moments moments = training ? t.moments() : new Moments(mean.tensor(), variance.tensor());
        Tensor y = t.batchNorm(moments, training, scale, shift, epsilon, Optional.empty(), false);
        List<Value> results = new ArrayList<>();
        results.add(
                x.rank() == 4
                        ? Value.ofImages(y)
                        : Value.of(y).transpose(channelsLast(x.rank(), true)));
        if (training) {
            double keep = call.node().real("momentum", 0.9);
            results.add(followed(mean, moments.mean(), keep));
            results.add(followed(variance, moments.variance(), keep));
            call.update().accept(3, results.get(1));
            call.update().accept(4, results.get(2));
        }
        return results;
    }

    private static Value followed(Value running, Tensor batch, double keep) {
        return Elementwise.floating(
                running, Value.of(batch), (r, b) -> r.mul(keep).add(b.mul(1 - keep)));
    }

    /// Axis 1 behind all others, or back.
    private static int[] channelsLast(int rank, boolean back) {
        return IntStream.range(0, rank)
                .map(
                        i ->
                                i == 0
                                        ? 0
                                        : back
                                                ? (i == 1 ? rank - 1 : i - 1)
                                                : (i == rank - 1 ? 1 : i + 1))
                .toArray();
    }

    private static Value instanceNorm(Call call) {
        Value x = call.in(0);
        int[] dims = x.shape().dims();
        int channels = dims[1];
        Tensor t = x.tensor().reshape(dims[0], channels, x.size() / (dims[0] * channels));
        Tensor normal = normalized(t, call.node().real("epsilon", 1e-5), 2);
        return Value.of(
                normal.mul(call.in(1).tensor().reshape(channels, 1))
                        .add(call.in(2).tensor().reshape(channels, 1))
                        .reshape(dims));
    }

    /// (x - mean) / sqrt(variance + epsilon) over the axes.
    private static Tensor normalized(Tensor x, double epsilon, int... axes) {
        int[] kept = x.shape().dims();
        IntStream.of(axes).forEach(axis -> kept[axis] = 1);
        Tensor inverse = x.variance(axes).add(epsilon).rsqrt().reshape(kept);
        return x.sub(x.mean(axes).reshape(kept)).mul(inverse);
    }

    private static List<Value> layerNorm(Call call) {
        Value x = call.in(0);
        Shape shape = x.shape();
        int axis = call.axis(-1, shape);
        int width = shape.size(axis, shape.rank());
        int rows = shape.size(0, axis);
        Shape row = Shape.of(Arrays.copyOfRange(shape.dims(), axis, shape.rank()));
        double epsilon = call.node().real("epsilon", 1e-5);
        Tensor t = x.tensor().reshape(rows, width);
        Tensor gamma = call.in(1).expand(row).tensor().reshape(width);
        Tensor beta =
                call.optional(2)
                        .map(b -> b.expand(row).tensor().reshape(width))
                        .orElseGet(() -> gamma.mul(0));
        int[] kept = shape.dims();
        Arrays.fill(kept, axis, kept.length, 1);
        List<Value> results = new ArrayList<>();
        results.add(Value.of(t.layerNorm(gamma, beta, epsilon).reshape(shape.dims())));
        if (call.outputs() > 1) {
            results.add(Value.of(t.mean(1).reshape(kept)));
            results.add(Value.of(t.variance(1).add(epsilon).rsqrt().reshape(kept)));
        }
        return results;
    }

    private static Value meanVarianceNorm(Call call) {
        int[] axes = call.node().integers("axes").orElse(new int[] {0, 2, 3});
        return Value.of(normalized(call.in(0).tensor(), 1e-9, axes));
    }

    private static Value localResponseNorm(Call call) {
        Node node = call.node();
        return Value.ofImages(
                call.in(0)
                        .images()
                        .localResponseNorm(
                                node.integer("size", 1),
                                node.real("alpha", 1e-4),
                                node.real("beta", 0.75),
                                node.real("bias", 1)));
    }
}
