package athanor.nn.onnx;

import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.nn.onnx.Operator.Flow;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/// `Resize` and `Upsample`: along one axis after the other, each result is a weighted sum of one
/// (nearest), two (linear) or four (cubic) elements.
final class Resizing {
    private Resizing() {}

    static void register() {
        Operators.add("Resize", Flow.ON, Resizing::resize);
        Operators.add("Upsample", Flow.ON, Resizing::resize);
    }

    /// One axis: its length before and after, and which part of it is shown (`tf_crop_and_resize`).
    private record Axis(int from, int to, double scale, double start, double end) {

        /// Where in the input place x of the output lies.
        double origin(int x, String mode) {
            return switch (mode) {
                case "half_pixel" -> (x + 0.5) / scale - 0.5;
                case "pytorch_half_pixel" -> to > 1 ? (x + 0.5) / scale - 0.5 : 0;
                case "tf_half_pixel_for_nn" -> (x + 0.5) / scale;
                case "align_corners" -> to > 1 ? x * (from - 1.0) / (to - 1) : 0;
                case "asymmetric" -> x / scale;
                case "tf_crop_and_resize" ->
                        to > 1
                                ? start * (from - 1) + x * (end - start) * (from - 1) / (to - 1)
                                : 0.5 * (start + end) * (from - 1);
                default ->
                        throw new IllegalArgumentException(
                                "coordinate_transformation_mode " + mode);
            };
        }

        boolean isSame() {
            return from == to && scale == 1 && start == 0 && end == 1;
        }
    }

    private static Value resize(Call call) {
        Value x = call.in(0);
        Node node = call.node();
        if (node.flag("antialias", false) || node.has("axes")) {
            throw new IllegalArgumentException("antialias and axes are not written");
        }
        boolean old = call.opset() < 11;
        String mode = node.text("mode", "nearest");
        String transformation =
                node.text("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
        boolean crops = transformation.equals("tf_crop_and_resize");
        Optional<Value> scales = call.optional(old ? 1 : 2).filter(v -> v.size() > 0);
        double[] factors = scales.map(Value::doubles).orElse(node.reals("scales"));
        Optional<int[]> sizes = call.optional(3).filter(v -> v.size() > 0).map(Value::ints);
        double[] roi = crops ? call.in(1).doubles() : new double[0];
        if (sizes.isEmpty() && factors.length != x.rank()) {
            throw new IllegalArgumentException("it has neither scales nor sizes for " + x);
        }
        Value y = x;
        boolean[][] beyond = new boolean[x.rank()][];
        for (int i = 0; i < x.rank(); i++) {
            int length = x.shape().dim(i);
            double start = crops ? roi[i] : 0;
            double end = crops ? roi[x.rank() + i] : 1;
            int at = i;
            int to =
                    sizes.map(s -> s[at])
                            .orElseGet(
                                    () -> (int) Math.floor(length * (end - start) * factors[at]));
            double scale = sizes.isPresent() ? (double) to / length : factors[i];
            Axis axis = new Axis(length, to, scale, start, end);
            beyond[i] = new boolean[to];
            if (!axis.isSame()) {
                for (int j = 0; j < to && crops; j++) {
                    double origin = axis.origin(j, transformation);
                    beyond[i][j] = origin < 0 || origin > length - 1;
                }
                y = along(y, i, axis, mode, transformation, node, old);
            }
        }
        return crops ? extrapolated(y, beyond, node.real("extrapolation_value", 0)) : y;
    }

    private static Value along(
            Value x, int i, Axis axis, String mode, String transformation, Node node, boolean old) {
        int taps =
                switch (mode) {
                    case "nearest" -> 1;
                    case "linear" -> 2;
                    case "cubic" -> 4;
                    default -> throw new IllegalArgumentException("mode " + mode);
                };
        String nearest = node.text("nearest_mode", old ? "floor" : "round_prefer_floor");
        double a = node.real("cubic_coeff_a", -0.75);
        boolean excludes = node.flag("exclude_outside", false);
        int[][] places = new int[taps][axis.to()];
        double[][] weights = new double[taps][axis.to()];
        for (int j = 0; j < axis.to(); j++) {
            double origin = axis.origin(j, transformation);
            int floor = (int) Math.floor(origin);
            double sum = 0;
            for (int t = 0; t < taps; t++) {
                int place = taps == 1 ? nearest(origin, nearest) : floor + t - (taps / 2 - 1);
                double distance = Math.abs(origin - place);
                double weight =
                        taps == 1 ? 1 : taps == 2 ? Math.max(0, 1 - distance) : cubic(distance, a);
                boolean inside = place >= 0 && place < axis.from();
                weights[t][j] = inside || !excludes ? weight : 0;
                sum += weights[t][j];
                places[t][j] = Math.clamp(place, 0, axis.from() - 1);
            }
            for (int t = 0; t < taps; t++) {
                weights[t][j] /= sum;
            }
        }
        if (taps == 1) {
            return Moves.pick(x, i, places[0]);
        }
        int[] dims = new int[x.rank() - i];
        Arrays.fill(dims, 1);
        dims[0] = axis.to();
        Value y = weighted(Moves.pick(x, i, places[0]), dims, weights[0]);
        for (int t = 1; t < taps; t++) {
            Value next = weighted(Moves.pick(x, i, places[t]), dims, weights[t]);
            y = Elementwise.floating(y, next, Tensor::add);
        }
        return y;
    }

    private static Value weighted(Value x, int[] dims, double... weights) {
        Value factors = Value.of(x.type(), Shape.of(dims), weights);
        return Elementwise.floating(x, factors, Tensor::mul);
    }

    private static int nearest(double origin, String mode) {
        return (int)
                switch (mode) {
                    case "round_prefer_floor" -> Math.ceil(origin - 0.5);
                    case "round_prefer_ceil" -> Math.floor(origin + 0.5);
                    case "floor" -> Math.floor(origin);
                    case "ceil" -> Math.ceil(origin);
                    default -> throw new IllegalArgumentException("nearest_mode " + mode);
                };
    }

    /// Keys 1981.
    private static double cubic(double d, double a) {
        if (d <= 1) {
            return ((a + 2) * d - (a + 3)) * d * d + 1;
        }
        return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
    }

    private static Value extrapolated(Value y, boolean[][] beyond, double value) {
        int[] outside =
                Index.of(
                        y.shape(),
                        at ->
                                IntStream.range(0, at.length).anyMatch(i -> beyond[i][at[i]])
                                        ? 1
                                        : 0);
        double[] kept = Arrays.stream(outside).mapToDouble(o -> 1 - o).toArray();
        double[] filled = Arrays.stream(outside).mapToDouble(o -> o * value).toArray();
        Value mask = Value.of(y.type(), y.shape(), kept);
        Value fill = Value.of(y.type(), y.shape(), filled);
        return Elementwise.floating(Elementwise.floating(y, mask, Tensor::mul), fill, Tensor::add);
    }
}
