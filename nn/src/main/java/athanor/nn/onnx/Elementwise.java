package athanor.nn.onnx;

import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.nn.onnx.Operator.Flow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.BinaryOperator;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoublePredicate;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/// Operators on each element, or on each pair of elements by NumPy's rule of broadcasting.
final class Elementwise {
    private static final double SELU_ALPHA = 1.67326319217681884765625;
    private static final double SELU_GAMMA = 1.05070102214813232421875;

    private Elementwise() {}

    static void register() {
        unary("Abs", Tensor::abs, Math::abs);
        unary("Neg", Tensor::neg, x -> -x);
        unary("Relu", Tensor::relu, x -> Math.max(x, 0));
        unary("Reciprocal", Tensor::reciprocal);
        unary("Exp", Tensor::exp);
        unary("Log", Tensor::log);
        unary("Sqrt", Tensor::sqrt);
        unary("Tanh", Tensor::tanh);
        unary("Sigmoid", Tensor::sigmoid);
        unary("Softplus", Tensor::softplus);
        unary("Gelu", Tensor::gelu);
        unary("Softsign", x -> x.div(x.abs().add(1)));
        unary("HardSwish", x -> x.mul(x.div(6).add(0.5).clamp(0, 1)));
        tuned("LeakyRelu", (c, x) -> leaky(x, c.node().real("alpha", 0.01)));
        tuned("Elu", (c, x) -> elu(x, c.node().real("alpha", 1)));
        tuned("Celu", (c, x) -> celu(x, c.node().real("alpha", 1)));
        tuned("Selu", Elementwise::selu);
        tuned("ThresholdedRelu", Elementwise::thresholded);
        tuned("HardSigmoid", Elementwise::hardSigmoid);
        Operators.add("Clip", Flow.ON, Elementwise::clip);

        real("Sin", Flow.MISSING, Math::sin);
        real("Cos", Flow.MISSING, Math::cos);
        real("Tan", Flow.MISSING, Math::tan);
        real("Asin", Flow.MISSING, Math::asin);
        real("Acos", Flow.MISSING, Math::acos);
        real("Atan", Flow.MISSING, Math::atan);
        real("Sinh", Flow.MISSING, Math::sinh);
        real("Cosh", Flow.MISSING, Math::cosh);
        real("Asinh", Flow.MISSING, x -> Math.signum(x) * Math.log(Math.abs(x) + Math.hypot(x, 1)));
        real("Acosh", Flow.MISSING, x -> Math.log(x + Math.sqrt(x * x - 1)));
        real("Atanh", Flow.MISSING, x -> 0.5 * Math.log((1 + x) / (1 - x)));
        real("Erf", Flow.MISSING, Elementwise::erf);
        real("Ceil", Flow.ZERO, Math::ceil);
        real("Floor", Flow.ZERO, Math::floor);
        real("Round", Flow.ZERO, Math::rint);
        real("Sign", Flow.ZERO, Math::signum);
        Operators.add("Shrink", Flow.MISSING, Elementwise::shrink);
        test("IsNaN", _ -> Double::isNaN);
        test("IsInf", Elementwise::isInfinite);
        test("Not", _ -> x -> x == 0);

        binary("Add", 2, Tensor::add, Long::sum);
        binary("Sub", 2, Tensor::sub, (a, b) -> a - b);
        binary("Mul", 2, Tensor::mul, (a, b) -> a * b);
        binary("Div", 2, Tensor::div, (a, b) -> a / b);
        binary("Sum", 1, Tensor::add, Long::sum);
        binary("Max", 1, Tensor::maximum, Math::max);
        binary("Min", 1, Tensor::minimum, Math::min);
        Operators.add("Mean", Flow.ON, Elementwise::mean);
        Operators.add("PRelu", Flow.ON, Elementwise::prelu);
        Operators.add("Pow", Flow.ON, Elementwise::power);
        Operators.add("Mod", Flow.MISSING, Elementwise::modulo);
        Operators.add("BitShift", Flow.ZERO, Elementwise::shift);
        whole("And", (a, b) -> a & b);
        whole("Or", (a, b) -> a | b);
        whole("Xor", (a, b) -> a ^ b);
        comparison("Equal", sign -> sign == 0);
        comparison("Less", sign -> sign < 0);
        comparison("LessOrEqual", sign -> sign <= 0);
        comparison("Greater", sign -> sign > 0);
        comparison("GreaterOrEqual", sign -> sign >= 0);
        Operators.add("Where", Flow.ON, Elementwise::where);

        Operators.add(
                "Cast",
                Flow.ON,
                call -> call.in(0).cast(ElementType.of(call.node().integer("to", 0))));
        Operators.add("CastLike", Flow.ON, call -> call.in(0).cast(call.in(1).type()));
        Operators.add("Identity", Flow.ON, call -> call.in(0));
        Operators.addAll("Dropout", Flow.ON, Elementwise::dropout);
    }

    // ---- ways to be registered ----

    private static void unary(String name, UnaryOperator<Tensor> function) {
        Operators.add(name, Flow.ON, call -> floating(call.in(0), function));
    }

    private static void unary(
            String name, UnaryOperator<Tensor> function, LongUnaryOperator onIntegers) {
        Operators.add(
                name,
                Flow.ON,
                call -> {
                    Value x = call.in(0);
                    return x.type().isFloating()
                            ? floating(x, function)
                            : Value.of(
                                    x.type(),
                                    x.shape(),
                                    Arrays.stream(x.longs()).map(onIntegers).toArray());
                });
    }

    /// A function that has parameters of its own.
    private static void tuned(String name, BiFunction<Call, Tensor, Tensor> f) {
        Operators.add(name, Flow.ON, call -> floating(call.in(0), x -> f.apply(call, x)));
    }

    private static void real(String name, Flow flow, DoubleUnaryOperator function) {
        Operators.add(name, flow, call -> map(call.in(0), function));
    }

    private static void test(String name, Function<Call, DoublePredicate> predicate) {
        Operators.add(
                name,
                Flow.ZERO,
                call -> {
                    DoublePredicate holds = predicate.apply(call);
                    Value x = call.in(0);
                    return Value.ofBooleans(
                            x.shape(),
                            Arrays.stream(x.doubles())
                                    .mapToLong(v -> holds.test(v) ? 1 : 0)
                                    .toArray());
                });
    }

    /// Of two inputs or, one after the other, of any number from the least on.
    private static void binary(
            String name,
            int least,
            BinaryOperator<Tensor> function,
            LongBinaryOperator onIntegers) {
        Operators.add(
                name,
                Flow.ON,
                call -> {
                    call.in(least - 1);
                    Value result = call.in(0);
                    for (Value next : rest(call)) {
                        result = combine(result, next, function, onIntegers);
                    }
                    return result;
                });
    }

    private static void whole(String name, LongBinaryOperator function) {
        Operators.add(name, Flow.ZERO, call -> longs(call.in(0), rest(call).getFirst(), function));
    }

    private static void comparison(String name, IntPredicate holds) {
        Operators.add(
                name,
                Flow.ZERO,
                call -> {
                    Value a = call.in(0);
                    Value b = rest(call).getFirst();
                    Shape shape = Value.broadcast(List.of(a, b));
                    if (!a.type().isFloating()) {
                        Value order = longs(a.cast(ElementType.INT64), b, Long::compare);
                        return Value.ofBooleans(
                                shape,
                                Arrays.stream(order.longs())
                                        .map(sign -> holds.test((int) sign) ? 1 : 0)
                                        .toArray());
                    }
                    double[] left = a.expand(shape).doubles();
                    double[] right = b.expand(shape).doubles();
                    return Value.ofBooleans(
                            shape,
                            IntStream.range(0, left.length)
                                    .mapToLong(i -> compared(left[i], right[i], holds))
                                    .toArray());
                });
    }

    // ---- how they are computed ----

    /// By the engine, in the order in which the image lies. What the engine has no type for is
    /// computed in float32.
    static Value floating(Value x, UnaryOperator<Tensor> function) {
        Value known = x.isTensor() ? x : x.cast(ElementType.FLOAT);
        Value y =
                known.isImages()
                        ? Value.ofImages(function.apply(known.images()))
                        : Value.of(function.apply(known.tensor()));
        return y.cast(x.type());
    }

    static Value floating(Value a, Value b, BinaryOperator<Tensor> function) {
        if (!a.isTensor()) {
            ElementType type = a.type();
            return floating(a.cast(ElementType.FLOAT), b.cast(ElementType.FLOAT), function)
                    .cast(type);
        }
        boolean images = (a.isImages() || b.isImages()) && a.rank() <= 4 && b.rank() <= 4;
        return images
                ? Value.ofImages(function.apply(aligned(a), aligned(b)))
                : Value.of(function.apply(a.tensor(), b.tensor()));
    }

    private static Tensor aligned(Value x) {
        return x.size() == 1 ? x.tensor().reshape(1, 1, 1, 1) : x.images();
    }

    private static Value combine(
            Value a, Value b, BinaryOperator<Tensor> function, LongBinaryOperator onIntegers) {
        return a.type().isFloating() ? floating(a, b, function) : longs(a, b, onIntegers);
    }

    private static Value longs(Value a, Value b, LongBinaryOperator function) {
        Shape shape = Value.broadcast(List.of(a, b));
        long[] left = a.expand(shape).longs();
        long[] right = b.expand(shape).longs();
        return Value.of(
                a.type(),
                shape,
                IntStream.range(0, left.length)
                        .mapToLong(i -> function.applyAsLong(left[i], right[i]))
                        .toArray());
    }

    private static Value doubles(Value a, Value b, DoubleBinaryOperator function) {
        Shape shape = Value.broadcast(List.of(a, b));
        double[] left = a.expand(shape).doubles();
        double[] right = b.expand(shape).doubles();
        return Value.of(
                a.type(),
                shape,
                IntStream.range(0, left.length)
                        .mapToDouble(i -> function.applyAsDouble(left[i], right[i]))
                        .toArray());
    }

    static Value map(Value x, DoubleUnaryOperator function) {
        return Value.of(x.type(), x.shape(), Arrays.stream(x.doubles()).map(function).toArray());
    }

    /// NaN is not less than, equal to or greater than anything.
    private static long compared(double a, double b, IntPredicate holds) {
        boolean ordered = !Double.isNaN(a) && !Double.isNaN(b);
        return ordered && holds.test(a < b ? -1 : a > b ? 1 : 0) ? 1 : 0;
    }

    /// The inputs after the first. Before version 7 an operand was aligned at an axis: its own
    /// first axis at `axis`, or by default its last at the last.
    private static List<Value> rest(Call call) {
        List<Value> rest = new ArrayList<>(call.all().subList(1, call.all().size()));
        if (call.opset() < 7 && call.node().has("axis") && call.node().flag("broadcast", false)) {
            Value b = rest.getFirst();
            Shape shape = call.in(0).shape();
            rest.set(0, b.reshape(trailing(b, shape.rank() - call.axis(0, shape))));
        }
        return rest;
    }

    /// The lengths of x, and 1s behind them.
    private static int[] trailing(Value x, int rank) {
        int[] dims = Arrays.copyOf(x.shape().dims(), Math.max(rank, x.rank()));
        Arrays.fill(dims, x.rank(), dims.length, 1);
        return dims;
    }

    // ---- the functions ----

    private static Tensor positive(Tensor x) {
        return x.relu();
    }

    private static Tensor negative(Tensor x) {
        return x.minimum(x.scalarLike(0));
    }

    private static Tensor leaky(Tensor x, double alpha) {
        return positive(x).add(negative(x).mul(alpha));
    }

    private static Tensor elu(Tensor x, double alpha) {
        return positive(x).add(negative(x).exp().sub(1).mul(alpha));
    }

    private static Tensor celu(Tensor x, double alpha) {
        return positive(x).add(negative(x).div(alpha).exp().sub(1).mul(alpha));
    }

    private static Tensor selu(Call call, Tensor x) {
        return elu(x, call.node().real("alpha", SELU_ALPHA))
                .mul(call.node().real("gamma", SELU_GAMMA));
    }

    private static Tensor thresholded(Call call, Tensor x) {
        return x.mul(x.greater(x.scalarLike(call.node().real("alpha", 1))));
    }

    private static Tensor hardSigmoid(Call call, Tensor x) {
        return x.mul(call.node().real("alpha", 0.2)).add(call.node().real("beta", 0.5)).clamp(0, 1);
    }

    private static Value clip(Call call) {
        Value x = call.in(0);
        Node node = call.node();
        double low = call.optional(1).map(Value::item).orElse(node.real("min", Double.NaN));
        double high = call.optional(2).map(Value::item).orElse(node.real("max", Double.NaN));
        if (!x.type().isFloating()) {
            return map(x, v -> v < low ? low : v > high ? high : v);
        }
        return floating(
                x,
                t -> {
                    Tensor above = Double.isNaN(low) ? t : t.maximum(t.scalarLike(low));
                    return Double.isNaN(high) ? above : above.minimum(t.scalarLike(high));
                });
    }

    private static Value shrink(Call call) {
        double bias = call.node().real("bias", 0);
        double lambda = call.node().real("lambd", 0.5);
        return map(call.in(0), x -> x < -lambda ? x + bias : x > lambda ? x - bias : 0);
    }

    private static DoublePredicate isInfinite(Call call) {
        boolean positive = call.node().flag("detect_positive", true);
        boolean negative = call.node().flag("detect_negative", true);
        return x -> Double.isInfinite(x) && (x > 0 ? positive : negative);
    }

    private static Value mean(Call call) {
        Value sum = call.in(0);
        for (Value next : rest(call)) {
            sum = floating(sum, next, Tensor::add);
        }
        return floating(sum, x -> x.div(call.all().size()));
    }

    /// Before version 7 the slopes of channels needed no axes of 1 behind them.
    private static Value prelu(Call call) {
        Value x = call.in(0);
        Value slope = call.in(1);
        boolean ofChannels = call.opset() < 7 && slope.rank() == 1 && x.rank() > 1;
        Value fitting = ofChannels ? slope.reshape(trailing(slope, x.rank() - 1)) : slope;
        return floating(x, fitting, (a, s) -> positive(a).add(negative(a).mul(s)));
    }

    private static Value power(Call call) {
        Value x = call.in(0);
        Value exponent = rest(call).getFirst();
        boolean constant = exponent.size() == 1 && exponent.rank() <= x.rank();
        if (x.type().isFloating() && constant && !exponent.requiresGradient()) {
            return floating(x, t -> t.pow(exponent.item()));
        }
        call.requireNoGradient();
        return doubles(x, exponent, Math::pow);
    }

    /// `fmod` takes the sign of the dividend, and else that of the divisor.
    private static Value modulo(Call call) {
        Value a = call.in(0);
        if (call.node().flag("fmod", false)) {
            return doubles(a, call.in(1), (x, y) -> x % y);
        }
        return a.type().isFloating()
                ? doubles(a, call.in(1), (x, y) -> x - Math.floor(x / y) * y)
                : longs(a, call.in(1), Math::floorMod);
    }

    private static Value shift(Call call) {
        boolean left = call.node().text("direction", "").equals("LEFT");
        return longs(
                call.in(0), call.in(1), (x, bits) -> bits > 63 ? 0 : left ? x << bits : x >>> bits);
    }

    private static Value where(Call call) {
        Shape shape = Value.broadcast(call.all());
        Value condition = call.in(0).expand(shape);
        Value a = call.in(1).expand(shape);
        Value b = call.in(2).expand(shape);
        if (a.type().isFloating()) {
            ElementType type = a.isTensor() ? a.type() : ElementType.FLOAT;
            Tensor holds = condition.cast(type).tensor();
            return Value.of(a.cast(type).tensor().where(holds, b.cast(type).tensor()))
                    .cast(a.type());
        }
        long[] holds = condition.longs();
        long[] left = a.longs();
        long[] right = b.longs();
        return Value.of(
                a.type(),
                shape,
                IntStream.range(0, holds.length)
                        .mapToLong(i -> holds[i] != 0 ? left[i] : right[i])
                        .toArray());
    }

    private static List<Value> dropout(Call call) {
        Value x = call.in(0);
        double ratio = call.optional(1).map(Value::item).orElse(call.node().real("ratio", 0.5));
        boolean asked = call.optional(2).map(flag -> flag.item() != 0).orElse(false);
        boolean drops = (call.training() || asked) && ratio > 0;
        Value y = drops ? floating(x, t -> t.dropout(ratio)) : x;
        if (call.outputs() < 2) {
            return List.of(y);
        }
        if (drops) {
            throw new IllegalArgumentException("its mask is asked for, which is not kept");
        }
        long[] all = new long[x.size()];
        Arrays.fill(all, 1);
        ElementType type = call.opset() < 10 ? x.type() : ElementType.BOOL;
        return List.of(y, Value.of(type, x.shape(), all));
    }

    /// The Taylor series for small x, the continued fraction of the complement for others
    /// (Abramowitz and Stegun 7.1.6 and 7.1.14).
    static double erf(double x) {
        double a = Math.abs(x);
        double factor = Math.exp(-a * a) / Math.sqrt(Math.PI);
        if (a < 2.5) {
            double term = 2 * a;
            double sum = term;
            for (int n = 1; term > 1e-17 * sum; n++) {
                term *= 2 * a * a / (2 * n + 1);
                sum += term;
            }
            return Math.copySign(factor * sum, x);
        }
        double fraction = a;
        for (int n = 60; n > 0; n--) {
            fraction = a + n / 2.0 / fraction;
        }
        return Math.copySign(1 - factor / fraction, x);
    }
}
