package athanor.nn.onnx;

import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.nn.onnx.Operator.Flow;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Matrix products, and products and convolutions of quantized numbers.
///
/// A quantized number q stands for `(q - zero point) * scale`. Products of them are computed in
/// float64, which holds every integer up to 2^53.
final class Matrices {
    private Matrices() {}

    static void register() {
        Operators.add("MatMul", Flow.ON, call -> product(call.in(0), call.in(1)));
        Operators.add("Gemm", Flow.ON, Matrices::gemm);
        Operators.add("Einsum", Flow.ON, Matrices::einsum);
        Operators.add("QuantizeLinear", Flow.ZERO, Matrices::quantize);
        Operators.add("DequantizeLinear", Flow.ZERO, Matrices::dequantize);
        Operators.addAll("DynamicQuantizeLinear", Flow.ZERO, Matrices::quantizeByRange);
        Operators.add("MatMulInteger", Flow.ZERO, Matrices::matMulInteger);
        Operators.add("QLinearMatMul", Flow.ZERO, Matrices::quantizedMatMul);
        Operators.add("ConvInteger", Flow.ZERO, Matrices::convInteger);
        Operators.add("QLinearConv", Flow.ZERO, Matrices::quantizedConv);
    }

    /// By NumPy's rule: a vector on the left is a row, and on the right a column.
    static Value product(Value a, Value b) {
        if (!a.isTensor()) {
            return product(a.cast(ElementType.DOUBLE), b.cast(ElementType.DOUBLE)).cast(a.type());
        }
        Tensor left = a.rank() == 1 ? a.tensor().reshape(1, a.size()) : a.tensor();
        Tensor right = b.rank() == 1 ? b.tensor().reshape(b.size(), 1) : b.tensor();
        Value y = Value.of(left.matmul(right));
        int[] dims = y.shape().dims();
        if (b.rank() == 1) {
            dims = Arrays.copyOf(dims, dims.length - 1);
        }
        if (a.rank() == 1) {
            int row = dims.length - (b.rank() == 1 ? 1 : 2);
            int[] without = new int[dims.length - 1];
            System.arraycopy(dims, 0, without, 0, row);
            System.arraycopy(dims, row + 1, without, row, without.length - row);
            dims = without;
        }
        return y.reshape(dims);
    }

    /// alpha A B + beta C.
    private static Value gemm(Call call) {
        Value a = call.in(0);
        boolean transposeA = call.node().flag("transA", false);
        boolean transposeB = call.node().flag("transB", false);
        double alpha = call.node().real("alpha", 1);
        double beta = call.node().real("beta", 1);
        Value y =
                Elementwise.floating(
                        a,
                        call.in(1),
                        (left, right) -> {
                            Tensor product = left.matmul(right, transposeA, transposeB);
                            return alpha == 1 ? product : product.mul(alpha);
                        });
        return call.optional(2)
                .map(c -> Elementwise.floating(y, c, (p, t) -> p.add(beta == 1 ? t : t.mul(beta))))
                .orElse(y);
    }

    /// Every operand is stretched over all labels, those of the result first; the product is summed
    /// over the others.
    private static Value einsum(Call call) {
        String[] sides = call.node().text("equation", "").replace(" ", "").split("->", 2);
        String[] terms = sides[0].split(",", -1);
        List<Value> operands = call.all();
        if (terms.length != operands.size()) {
            throw new IllegalArgumentException(
                    terms.length + " terms for " + operands.size() + " operands");
        }
        StringBuilder labels = new StringBuilder();
        int[] lengths = new int[Character.MAX_VALUE];
        String[] spelled = new String[terms.length];
        for (int t = 0; t < terms.length; t++) {
            spelled[t] = spell(terms[t], operands.get(t).rank());
            for (int i = 0; i < spelled[t].length(); i++) {
                char label = spelled[t].charAt(i);
                int length = operands.get(t).shape().dim(i);
                lengths[label] = Math.max(lengths[label], length);
            }
        }
        String all = String.join("", spelled);
        String dots = distinct(all.replaceAll("[A-Za-z]", ""), true);
        String result =
                sides.length > 1
                        ? sides[1].replace("...", dots)
                        : dots
                                + all.chars()
                                        .filter(Character::isLetter)
                                        .filter(c -> all.indexOf(c) == all.lastIndexOf(c))
                                        .sorted()
                                        .collect(
                                                StringBuilder::new,
                                                StringBuilder::appendCodePoint,
                                                StringBuilder::append);
        labels.append(distinct(result + all, false));
        int[] dims = labels.chars().map(label -> lengths[label]).toArray();
        Shape over = Shape.of(dims);
        Optional<Value> product = Optional.empty();
        for (int t = 0; t < terms.length; t++) {
            Value x = operands.get(t);
            int[] strides = new int[dims.length];
            for (int i = 0; i < x.rank(); i++) {
                int own = x.shape().dim(i) == 1 ? 0 : x.shape().strides()[i];
                strides[labels.indexOf(spelled[t].substring(i, i + 1))] += own;
            }
            Value stretched = x.take(over, Index.strided(over, 0, strides), 0);
            product =
                    Optional.of(
                            product.map(p -> Elementwise.floating(p, stretched, Tensor::mul))
                                    .orElse(stretched));
        }
        int kept = result.length();
        Value y = product.orElseThrow();
        return kept == dims.length
                ? y
                : Elementwise.floating(
                                y.reshape(over.size(0, kept), over.size(kept, dims.length)),
                                x -> x.sum(1))
                        .reshape(Arrays.copyOf(dims, kept));
    }

    /// With a digit for each axis that the dots stand for, counted from the last.
    private static String spell(String term, int rank) {
        StringBuilder digits = new StringBuilder();
        for (int i = rank - (term.length() - 3); i > 0 && term.contains("..."); i--) {
            digits.append(i - 1);
        }
        String spelled = term.replace("...", digits);
        if (spelled.length() != rank) {
            throw new IllegalArgumentException("term " + term + " for " + rank + " axes");
        }
        return spelled;
    }

    private static String distinct(String labels, boolean descending) {
        StringBuilder once = new StringBuilder();
        (descending ? labels.chars().map(c -> -c).sorted().map(c -> -c) : labels.chars())
                .distinct()
                .forEach(once::appendCodePoint);
        return once.toString();
    }

    // ---- quantized ----

    /// One number for all, or one for each place of an axis: made to broadcast.
    private static Value along(Value parameter, Value x, int axis) {
        if (parameter.size() == 1 || parameter.rank() != 1) {
            return parameter;
        }
        int[] dims = new int[x.rank() - x.shape().axis(axis)];
        Arrays.fill(dims, 1);
        dims[0] = parameter.size();
        return parameter.reshape(dims);
    }

    private static double[] stretched(Value parameter, Value x, int axis) {
        return along(parameter, x, axis).expand(x.shape()).doubles();
    }

    private static Value quantize(Call call) {
        Value x = call.in(0);
        int axis = call.node().integer("axis", 1);
        return quantize(x, call.in(1), call.optional(2), axis);
    }

    private static Value quantize(Value x, Value scale, Optional<Value> zero, int axis) {
        double[] values = x.doubles();
        double[] scales = stretched(scale, x, axis);
        Value zeroPoint = zero.orElse(Value.of(ElementType.UINT8, Shape.SCALAR, 0L));
        double[] zeros = stretched(zeroPoint, x, axis);
        long[] y = new long[values.length];
        for (int i = 0; i < y.length; i++) {
            y[i] =
                    zeroPoint
                            .type()
                            .saturate(Math.rint(x.type().round(values[i] / scales[i])) + zeros[i]);
        }
        return Value.of(zeroPoint.type(), x.shape(), y);
    }

    private static Value dequantize(Call call) {
        Value x = call.in(0);
        Value y = shifted(x, call.optional(2), call.node().integer("axis", 1));
        double[] values = y.doubles();
        double[] scales = stretched(call.in(1), x, call.node().integer("axis", 1));
        for (int i = 0; i < values.length; i++) {
            values[i] *= scales[i];
        }
        return Value.of(call.in(1).type(), x.shape(), values);
    }

    private static Value shifted(Value x, Optional<Value> zero, int axis) {
        double[] values = x.doubles().clone();
        if (zero.isPresent()) {
            double[] zeros = stretched(zero.get(), x, axis);
            for (int i = 0; i < values.length; i++) {
                values[i] -= zeros[i];
            }
        }
        return Value.of(ElementType.DOUBLE, x.shape(), values);
    }

    /// To uint8, by the range of the values themselves and 0.
    private static List<Value> quantizeByRange(Call call) {
        Value x = call.in(0);
        double high = Math.max(0, Arrays.stream(x.doubles()).max().orElse(0));
        double low = Math.min(0, Arrays.stream(x.doubles()).min().orElse(0));
        Value scale = Value.of(ElementType.FLOAT, Shape.SCALAR, (high - low) / 255);
        long zero = ElementType.UINT8.saturate(-low / scale.item());
        Value zeroPoint = Value.of(ElementType.UINT8, Shape.SCALAR, zero);
        return List.of(quantize(x, scale, Optional.of(zeroPoint), 0), scale, zeroPoint);
    }

    private static Value matMulInteger(Call call) {
        Value a = shifted(call.in(0), call.optional(2), -2);
        Value b = shifted(call.in(1), call.optional(3), -1);
        return product(a, b).cast(ElementType.INT32);
    }

    private static Value quantizedMatMul(Call call) {
        Value a = shifted(call.in(0), call.optional(2), -2);
        Value b = shifted(call.in(3), call.optional(5), -1);
        return requantized(product(a, b), call.in(1), call.in(4), call.in(6), call.in(7));
    }

    private static Value requantized(Value y, Value a, Value b, Value scale, Value zero) {
        double[] exact = y.doubles().clone();
        double[] ofA = stretched(a, y, 1);
        double[] ofB = stretched(b, y, 1);
        for (int i = 0; i < exact.length; i++) {
            exact[i] *= ofA[i] * ofB[i];
        }
        Value real = Value.of(ElementType.DOUBLE, y.shape(), exact);
        return quantize(real, scale, Optional.of(zero), 1);
    }

    private static Value convInteger(Call call) {
        Value x = shifted(call.in(0), call.optional(2), 1);
        Value w = shifted(call.in(1), call.optional(3), 0);
        return Images.convolve(call, x, w, Optional.empty()).cast(ElementType.INT32);
    }

    private static Value quantizedConv(Call call) {
        Value x = shifted(call.in(0), call.optional(2), 1);
        Value w = shifted(call.in(3), call.optional(5), 0);
        Optional<Value> bias = call.optional(8).map(b -> b.cast(ElementType.DOUBLE));
        Value y = Images.convolve(call, x, w, bias);
        return requantized(y, call.in(1), call.in(4), call.in(6), call.in(7));
    }
}
