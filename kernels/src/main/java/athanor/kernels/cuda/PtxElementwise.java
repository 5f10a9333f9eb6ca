package athanor.kernels.cuda;

import athanor.kernels.cuda.Ptx.Entry;
import athanor.kernels.elementwise.Binary;
import athanor.kernels.elementwise.Broadcast;
import athanor.kernels.elementwise.Unary;

/// Launches of `elementwise/Unary.ptx`, `Binary.ptx`, `Broadcast.ptx` and `Elementwise.ptx`.
/// Lengths are in elements.
public final class PtxElementwise {
    /// Axes that `broadcast` and the strided copies walk.
    private static final int AXES = 6;

    private final Ptx ptx;

    public PtxElementwise(Ptx ptx) {
        this.ptx = ptx;
    }

    /// `y[i] = f(x[i])`; y may be x.
    public void unary(Driver.Stream stream, Unary function, long x, long y, int n) {
        ptx.launchGroups(
                stream,
                new Entry("elementwise/Unary", function.name()),
                n,
                new Arguments().address(x).address(y).int32(n));
    }

    /// `y[i] = f(a[i], b[i])`; y may be a or b.
    public void binary(Driver.Stream stream, Binary function, long a, long b, long y, int n) {
        ptx.launchGroups(
                stream,
                new Entry("elementwise/Binary", function.name()),
                n,
                new Arguments().address(a).address(b).address(y).int32(n));
    }

    /// As [athanor.kernels.elementwise.Elementwise#binary] with strides.
    public void broadcast(
            Driver.Stream stream,
            Binary function,
            long a,
            int[] aStrides,
            long b,
            int[] bStrides,
            long y,
            int[] lengths) {
        int n = size(lengths);
        if (n == 0) {
            return;
        }
        Broadcast plan = Broadcast.of(lengths, aStrides, bStrides);
        if (plan.lengths().length == 1 && plan.aStrides()[0] == 1 && plan.bStrides()[0] == 1) {
            binary(stream, function, a, b, y, n);
            return;
        }
        Arguments arguments =
                new Arguments().int32(number(function)).address(a).address(b).address(y).int32(n);
        ptx.launchElements(
                stream,
                new Entry("elementwise/Broadcast", "broadcast"),
                n,
                axes("binary " + function, plan, arguments));
    }

    /// What `Broadcast.ptx` calls the function.
    private static int number(Binary function) {
        return switch (function) {
            case ADD -> 0;
            case SUBTRACT -> 1;
            case MULTIPLY -> 2;
            case DIVIDE -> 3;
            case MAXIMUM -> 4;
            case MINIMUM -> 5;
            case POWER -> 6;
            case GREATER -> 7;
            case GREATER_EQUAL -> 8;
            case EQUAL -> 9;
            case RELU_GRADIENT -> 10;
            case TANH_GRADIENT -> 11;
            case SIGMOID_GRADIENT -> 12;
            case SILU_GRADIENT -> 13;
            case GELU_GRADIENT -> 14;
        };
    }

    /// `y[i] = condition[i] != 0 ? a[i] : b[i]`.
    public void select(Driver.Stream stream, long condition, long a, long b, long y, int n) {
        ptx.launchGroups(
                stream,
                new Entry("elementwise/Elementwise", "select"),
                n,
                new Arguments().address(condition).address(a).address(b).address(y).int32(n));
    }

    /// n elements of 4 bytes become the word.
    public void fill32(Driver.Stream stream, long y, int word, int n) {
        ptx.launchGroups(
                stream,
                new Entry("elementwise/Elementwise", "fill32"),
                n,
                new Arguments().address(y).int32(word).int32(n));
    }

    /// n bytes become the low byte of the word.
    public void fill8(Driver.Stream stream, long y, int word, int n) {
        ptx.launchElements(
                stream,
                new Entry("elementwise/Elementwise", "fill8"),
                n,
                new Arguments().address(y).int32(word).int32(n));
    }

    /// What can be converted. The types of 2 bytes are storage for mixed precision; to them it is
    /// rounded to the nearest, of two as near to the even one.
    public enum Cast {
        UINT8_FLOAT32,
        INT32_FLOAT32,
        /// Towards zero, as Java does it.
        FLOAT32_INT32,
        FLOAT32_BFLOAT16,
        BFLOAT16_FLOAT32,
        FLOAT32_FLOAT16,
        FLOAT16_FLOAT32
    }

    public void cast(Driver.Stream stream, Cast cast, long x, long y, int n) {
        ptx.launchElements(
                stream,
                new Entry("elementwise/Elementwise", cast.name()),
                n,
                new Arguments().address(x).address(y).int32(n));
    }

    static int size(int[] lengths) {
        int size = 1;
        for (int length : lengths) {
            size *= length;
        }
        return size;
    }

    /// Adds the number of axes and for each, the innermost first, its length and both strides.
    static Arguments axes(String what, Broadcast plan, Arguments arguments) {
        int axes = plan.lengths().length;
        if (axes > AXES) {
            throw new IllegalArgumentException(
                    "%s: %d axes remain after neighbours are joined, and a kernel walks %d: do it in two steps"
                            .formatted(what, axes, AXES));
        }
        arguments.int32(axes);
        for (int i = axes - 1; i >= 0; i--) {
            arguments.int32(plan.lengths()[i]).int32(plan.aStrides()[i]).int32(plan.bStrides()[i]);
        }
        for (int i = axes; i < AXES; i++) {
            arguments.int32(1).int32(0).int32(0);
        }
        return arguments;
    }
}
