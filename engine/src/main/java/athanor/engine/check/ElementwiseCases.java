package athanor.engine.check;

import static athanor.engine.check.Input.any;
import static athanor.engine.check.Input.nonzero;
import static athanor.engine.check.Input.positive;
import static athanor.engine.check.Input.whole;
import static athanor.engine.check.Input.within;

import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.operation.Dropout;
import athanor.kernels.random.PhiloxKey;
import java.util.Arrays;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/// Functions of one, two or three elements.
final class ElementwiseCases {
    private static final int SEVERAL_PIECES = 40_003;
    private static final PhiloxKey KEY = PhiloxKey.of(7);

    /// Two shapes that stretch to a common one.
    private record Pair(Shape a, Shape b) {
        static Pair of(int[] a, int... b) {
            return new Pair(Shape.of(a), Shape.of(b));
        }
    }

    private static final List<Pair> PAIRS =
            List.of(
                    Pair.of(new int[] {}),
                    Pair.of(new int[] {17}, 17),
                    Pair.of(new int[] {3, 67}, 3, 67),
                    Pair.of(new int[] {3, 17}),
                    Pair.of(new int[] {}, 33),
                    Pair.of(new int[] {3, 17}, 17),
                    Pair.of(new int[] {16}, 5, 16),
                    Pair.of(new int[] {3, 1}, 3, 19),
                    Pair.of(new int[] {3, 19}, 3, 1),
                    Pair.of(new int[] {5, 1}, 1, 18),
                    Pair.of(new int[] {2, 1, 20}, 3, 1),
                    Pair.of(new int[] {2, 3, 17}, 2, 1, 17),
                    Pair.of(new int[] {1, 7, 1, 3}, 2, 1, 5, 3),
                    Pair.of(new int[] {2, 7, 7, 10}, 10),
                    Pair.of(new int[] {1}),
                    Pair.of(new int[] {0, 3}, 3),
                    Pair.of(new int[] {0, 1}, 1, 5),
                    Pair.of(new int[] {1}, 0),
                    Pair.of(new int[] {SEVERAL_PIECES}, SEVERAL_PIECES),
                    Pair.of(new int[] {2500, 17}, 17),
                    Pair.of(new int[] {2500, 1}, 2500, 17));

    private ElementwiseCases() {}

    static Stream<OperationCase> cases() {
        return Stream.of(
                        unary("negate", Tensor::neg, any()),
                        unary("absolute", Tensor::abs, nonzero()),
                        unary("reciprocal", Tensor::reciprocal, nonzero()),
                        unary("square", Tensor::square, any()),
                        unary("sqrt", Tensor::sqrt, positive()),
                        unary("rsqrt", Tensor::rsqrt, positive()),
                        unary("exp", Tensor::exp, any()),
                        unary("exp/large", Tensor::exp, within(-80, 80)),
                        unary("log", Tensor::log, positive()),
                        unary("log/large", Tensor::log, within(1e-3, 1e6)),
                        unary("tanh", Tensor::tanh, any()),
                        unary("tanh/large", Tensor::tanh, within(-40, 40)),
                        unary("sigmoid", Tensor::sigmoid, any()),
                        unary("sigmoid/large", Tensor::sigmoid, within(-80, 80)),
                        unary("relu", Tensor::relu, nonzero()),
                        unary("silu", Tensor::silu, any()),
                        unary("silu/large", Tensor::silu, within(-80, 80)),
                        unary("softplus", Tensor::softplus, any()),
                        unary("softplus/large", Tensor::softplus, within(-80, 80)),
                        unary("power/cube", x -> x.pow(3), nonzero()),
                        unary("power/root", x -> x.pow(0.5), positive()),
                        unary("power/negative", x -> x.pow(-1.5), positive()),
                        gelu("gelu", any()),
                        gelu("gelu/large", within(-20, 20)).skip(5),
                        binary("add", true, Tensor::add, any(), any()),
                        binary("subtract", true, Tensor::sub, any(), any()),
                        binary("multiply", true, Tensor::mul, any(), any()),
                        binary("divide", true, Tensor::div, any(), nonzero()),
                        binary("maximum", true, Tensor::maximum, any(), any()),
                        binary("minimum", true, Tensor::minimum, any(), any()),
                        binary("comparison/greater", false, Tensor::greater, whole(), whole()),
                        binary(
                                "comparison/greaterOrEqual",
                                false,
                                Tensor::greaterOrEqual,
                                whole(),
                                whole()),
                        binary("comparison/equal", false, Tensor::equalTo, whole(), whole()),
                        ofLengths(
                                "where",
                                0,
                                t -> t.get(1).where(t.get(0), t.get(2)),
                                whole(),
                                any(),
                                any()),
                        ofLengths(
                                "dropout", 0, t -> Dropout.dropout(t.getFirst(), 0.3, KEY), any()),
                        unary("maximum/clamp", x -> x.clamp(-1, 0.5), any()),
                        unary("add/number", x -> x.add(1.5), any()),
                        unary("divide/number", x -> x.div(3), any()))
                .flatMap(stream -> stream);
    }

    private static Stream<OperationCase> unary(String name, UnaryOperator<Tensor> f, Input like) {
        return ofLengths(name, 0, t -> f.apply(t.getFirst()), like);
    }

    /// 1 + tanh cancels in its left tail: held to the largest element, so there must be many.
    private static Stream<OperationCase> gelu(String name, Input like) {
        return ofLengths(name, 4, t -> t.getFirst().gelu(), like);
    }

    private static Stream<OperationCase> ofLengths(
            String name, int terms, Function<List<Tensor>, Tensor> f, Input... like) {
        return Stream.of(0, 1, 7, 16, 17, 67, SEVERAL_PIECES)
                .map(
                        n -> {
                            Input[] inputs = like.clone();
                            Arrays.setAll(inputs, i -> like[i].with(Shape.of(n)));
                            return OperationCase.of(name + "/" + n, terms, f, inputs);
                        });
    }

    private static Stream<OperationCase> binary(
            String name, boolean differentiable, BinaryOperator<Tensor> f, Input a, Input b) {
        return PAIRS.stream()
                .map(
                        pair ->
                                new OperationCase(
                                        name + "/" + pair.a() + pair.b(),
                                        0,
                                        differentiable,
                                        List.of(a.with(pair.a()), b.with(pair.b())),
                                        t -> f.apply(t.get(0), t.get(1))));
    }
}
