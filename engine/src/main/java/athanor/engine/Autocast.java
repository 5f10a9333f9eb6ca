package athanor.engine;

import java.util.Set;

/// Mixed precision: while a scope is open on this thread, each operation casts its inputs to the
/// type that suits it, as PyTorch's `autocast` does (Micikevicius et al. 2018). The lists below
/// are all there is to it. Products are fast in 16 bits, and their sums are FLOAT32 inside; what
/// adds many numbers up, or grows beyond 65504, is computed in FLOAT32; everything else takes its
/// inputs as they come.
///
/// ```
/// try (Workspace _ = Workspace.open(); Autocast _ = Autocast.open(DType.BFLOAT16)) {
///     Gradients gradients = model.forward(images).crossEntropy(labels).backward();
/// }
/// ```
///
/// A cast is an operation of the graph: parameters stay FLOAT32, and so do their gradients. The
/// backward pass casts nothing by itself; it runs in the types of the forward pass. Gradients
/// below 6e-8 are lost in FLOAT16: scale the loss.
public final class Autocast implements AutoCloseable {
    /// Cast to the type of 16 bits.
    private static final Set<String> NARROW =
            Set.of("matmul", "convolution", "convolutionAddRelu", "normalizedConvolution");

    /// Cast to FLOAT32.
    private static final Set<String> WIDE =
            Set.of(
                    "crossEntropy",
                    "softmax",
                    "logSoftmax",
                    "sum",
                    "mean",
                    "variance",
                    "layerNorm",
                    "localResponseNorm",
                    "exp",
                    "log",
                    "power",
                    "square",
                    "reciprocal",
                    "rsqrt",
                    "softplus");

    /// Left as they are; where two inputs differ, the narrower is cast to the type of the other. A
    /// batch norm has inputs of 16 bits, and statistics and parameters in FLOAT32.
    private static final Set<String> AS_THEY_COME =
            Set.of(
                    "absolute",
                    "add",
                    "argmax",
                    "averagePool",
                    "batchNorm",
                    "cast",
                    "comparison",
                    "concat",
                    "divide",
                    "dropout",
                    "expand",
                    "extremum",
                    "flatten",
                    "gather",
                    "gelu",
                    "maxPool",
                    "maximum",
                    "minimum",
                    "multiply",
                    "negate",
                    "pad",
                    "relu",
                    "reshape",
                    "sigmoid",
                    "silu",
                    "slice",
                    "sqrt",
                    "subtract",
                    "tanh",
                    "transpose",
                    "where");

    private static final ThreadLocal<DType> TYPE = ThreadLocal.withInitial(() -> DType.FLOAT32);

    private final DType before;

    private Autocast(DType before) {
        this.before = before;
    }

    /// Opens a scope: casts to FLOAT16 or BFLOAT16 from now on, or with FLOAT32, no longer.
    public static Autocast open(DType type) {
        if (!type.is16Bits() && type != DType.FLOAT32) {
            throw new IllegalArgumentException(
                    "autocast: " + type + "; it is FLOAT16, BFLOAT16, or FLOAT32 for none");
        }
        Autocast scope = new Autocast(TYPE.get());
        TYPE.set(type);
        return scope;
    }

    /// The input as the operation takes it.
    static Tensor cast(String operation, Tensor x) {
        DType type = TYPE.get();
        if (type == DType.FLOAT32 || x.dtype().ofSums() != DType.FLOAT32) {
            return x;
        }
        if (NARROW.contains(operation)) {
            return x.cast(type);
        }
        return WIDE.contains(operation) ? x.cast(DType.FLOAT32) : x;
    }

    /// The input of an operation on two, in the wider type of both.
    static Tensor promote(Tensor x, Tensor other) {
        boolean narrower = x.dtype().is16Bits() && x.dtype() != other.dtype();
        return TYPE.get() != DType.FLOAT32 && narrower ? x.cast(DType.FLOAT32) : x;
    }

    @Override
    public void close() {
        TYPE.set(before);
    }
}
