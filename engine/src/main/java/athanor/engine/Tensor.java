package athanor.engine;

import athanor.engine.operation.*;
import athanor.kernels.elementwise.Binary;
import athanor.kernels.random.PhiloxKey;
import athanor.kernels.reduce.Reduction;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Numbers with a shape, and the way back to what they were computed from. Images are `[N, H, W,
/// C]`. Operations make new tensors and never change their inputs; binary ones broadcast by NumPy's
/// rule. Each is explained in its own file in `athanor.engine.operation`.
///
/// ```
/// Tensor x = Tensor.of(Shape.of(2), 3f, 4f).requireGradient();
/// Gradients gradients = x.square().sum().backward();
/// gradients.of(x);   // [6, 8]
/// ```
public final class Tensor {
    private final Storage storage;
    private final Shape shape;
    private @Nullable Workspace owner;
    private @Nullable Node node;

    private Tensor(Storage storage, Shape shape) {
        this.storage = storage;
        this.shape = shape;
        storage.retain();
        owner = Workspace.current();
        if (owner != null) {
            owner.own(this);
        }
    }

    // ---- making ----

    /// Memory with any contents.
    public static Tensor empty(Backend backend, DType dtype, Shape shape) {
        return new Tensor(Workspace.allocate(backend, dtype, shape.size()), shape);
    }

    public static Tensor full(Backend backend, DType dtype, Shape shape, double value) {
        Tensor y = empty(backend, dtype, shape);
        backend.fill(y.buffer(), shape.size(), value);
        return y;
    }

    public static Tensor zeros(Backend backend, DType dtype, Shape shape) {
        return full(backend, dtype, shape, 0);
    }

    /// The values, copied; the type is theirs.
    public static Tensor of(Backend backend, Shape shape, HostBuffer values) {
        if (values.length() < shape.size()) {
            throw new IllegalArgumentException(
                    "tensor: shape "
                            + shape
                            + " needs "
                            + shape.size()
                            + " values, "
                            + values.length()
                            + " given");
        }
        Tensor y = empty(backend, values.dtype(), shape);
        backend.copy(values, y.buffer(), shape.size());
        return y;
    }

    /// The values on the CPU.
    public static Tensor of(Shape shape, float... values) {
        return of(Backend.cpu(), shape, HostBuffer.of(values));
    }

    public static Tensor zeros(Shape shape) {
        return zeros(Backend.cpu(), DType.FLOAT32, shape);
    }

    /// Uniform in [0, 1).
    public static Tensor uniform(Backend backend, DType dtype, Shape shape, PhiloxKey key) {
        Tensor y = empty(backend, dtype, shape);
        y.backend().uniform(key, y.buffer(), shape.size());
        return y;
    }

    /// Standard normal.
    public static Tensor normal(Backend backend, DType dtype, Shape shape, PhiloxKey key) {
        Tensor y = empty(backend, dtype, shape);
        y.backend().normal(key, y.buffer(), shape.size());
        return y;
    }

    /// Memory of the same backend and type, with any contents.
    public Tensor emptyLike(Shape ofShape) {
        return empty(backend(), dtype(), ofShape);
    }

    /// A number of the same backend and type.
    public Tensor scalarLike(double value) {
        return full(backend(), dtype(), Shape.SCALAR, value);
    }

    // ---- what it is ----

    public Shape shape() {
        return shape;
    }

    public int size() {
        return shape.size();
    }

    public DType dtype() {
        return storage.dtype();
    }

    /// What computes with it: the backend it lies on, in a [Widening] where it has 16 bits.
    public Backend backend() {
        return dtype().is16Bits() ? Widening.of(storage.backend()) : storage.backend();
    }

    public Buffer buffer() {
        return storage.buffer();
    }

    /// The only element.
    public double item() {
        if (size() != 1) {
            throw new ShapeMismatch(
                    "item",
                    "a single number is read",
                    shape,
                    "Did you mean sum() or mean() first?");
        }
        return toDoubles()[0];
    }

    /// A copy of the elements, whatever their type.
    public double[] toDoubles() {
        HostBuffer host = toHost();
        return IntStream.range(0, size()).mapToDouble(host::get).toArray();
    }

    /// A copy of the elements, which are FLOAT32 or have 16 bits.
    public float[] toFloats() {
        HostBuffer host = toHost();
        if (dtype().is16Bits()) {
            HostBuffer wide = HostBuffer.allocate(DType.FLOAT32, size());
            Backend.cpu().cast(host, wide, size());
            return wide.floats();
        }
        return host.floats();
    }

    public int[] toInts() {
        return toHost().ints();
    }

    private HostBuffer toHost() {
        HostBuffer host = HostBuffer.allocate(dtype(), size());
        backend().copy(buffer(), host, size());
        return host;
    }

    // ---- memory ----

    Storage storage() {
        return storage;
    }

    @Nullable Workspace owner() {
        return owner;
    }

    void owner(Workspace workspace) {
        owner = workspace;
        workspace.own(this);
    }

    /// Gives this handle up before its workspace is closed. What the graph saved of it stays until
    /// the backward pass.
    public void release() {
        if (owner != null) {
            owner = null;
            storage.release();
        }
    }

    /// Another handle on the same elements, outside the graph.
    public Tensor alias() {
        return viewAs(shape);
    }

    /// The same elements in another shape of the same size, outside the graph.
    public Tensor viewAs(Shape other) {
        return new Tensor(storage, other);
    }

    /// Overwrites the elements by those of a tensor of the same shape: for parameters and running
    /// statistics.
    public void assign(Tensor values) {
        if (!values.shape.equals(shape)) {
            throw new ShapeMismatch(
                    "assign", "the shapes differ", shape, values.shape, "They must be equal.");
        }
        if (values.dtype() != dtype()) {
            throw new IllegalArgumentException(
                    "assign: the types differ, "
                            + dtype()
                            + " and "
                            + values.dtype()
                            + "; cast the values");
        }
        backend().copy(values.buffer(), buffer(), size());
    }

    // ---- the graph ----

    @Nullable Node node() {
        return node;
    }

    void node(Node from) {
        node = from;
    }

    Gradients.Leaf leaf() {
        return new Gradients.Leaf(node == null ? this : node);
    }

    /// Makes this tensor a leaf that [#backward] yields a gradient for; returns it.
    public Tensor requireGradient() {
        if (!dtype().isFloating()) {
            throw new IllegalArgumentException(
                    "requireGradient: " + dtype() + " has no gradient; cast it first");
        }
        if (node == null) {
            node = Node.leaf(shape);
        }
        return this;
    }

    /// Takes it out of the graph (freezes a parameter); returns it.
    public Tensor dropGradient() {
        node = null;
        return this;
    }

    public boolean requiresGradient() {
        return node != null;
    }

    /// The gradients of this number with respect to all leaves behind it.
    public Gradients backward() {
        return backward((_, _) -> {});
    }

    /// The same, telling the listener of each leaf's gradient as soon as it is final.
    public Gradients backward(Gradients.Listener listener) {
        if (size() != 1) {
            throw new ShapeMismatch(
                    "backward",
                    "a loss is a single number",
                    shape,
                    "Did you mean sum().backward() or mean().backward()?");
        }
        return backward(full(backend(), dtype(), shape, 1), listener);
    }

    /// The gradients of the inner product with dy, which has this tensor's shape.
    public Gradients backward(Tensor dy, Gradients.Listener listener) {
        if (node == null) {
            throw new IllegalStateException(
                    "backward: nothing behind this tensor requires a gradient;"
                            + " call requireGradient() on a leaf, and stay out of GradMode.off");
        }
        if (!dy.shape.equals(shape)) {
            throw new ShapeMismatch(
                    "backward",
                    "dy is a gradient of this tensor",
                    shape,
                    dy.shape,
                    "The shapes must be equal.");
        }
        return Backpropagation.run(node, dy.alias(), listener);
    }

    /// The operations behind this tensor, latest first: what [#backward] would walk.
    public List<TapeEntry> tape() {
        return node == null ? List.of() : Backpropagation.tape(node);
    }

    /// This as an operation takes it, and as one takes it together with another; see [Autocast].
    private Tensor in(String operation) {
        return Autocast.cast(operation, this);
    }

    private Tensor widened() {
        return cast(dtype().ofSums());
    }

    private Tensor with(Tensor other) {
        return Autocast.promote(this, other);
    }

    // ---- elementwise ----

    public Tensor add(Tensor b) {
        return Add.add(with(b), b.with(this));
    }

    public Tensor add(double b) {
        return Add.add(this, scalarLike(b));
    }

    public Tensor sub(Tensor b) {
        return Subtract.subtract(with(b), b.with(this));
    }

    public Tensor sub(double b) {
        return Add.add(this, scalarLike(-b));
    }

    public Tensor mul(Tensor b) {
        return Multiply.multiply(with(b), b.with(this));
    }

    public Tensor mul(double b) {
        return Multiply.multiply(this, scalarLike(b));
    }

    public Tensor div(Tensor b) {
        return Divide.divide(with(b), b.with(this));
    }

    public Tensor div(double b) {
        return Divide.divide(this, scalarLike(b));
    }

    /// Each element to a constant power.
    public Tensor pow(double exponent) {
        return Power.power(in("power"), exponent);
    }

    public Tensor maximum(Tensor b) {
        return Maximum.maximum(with(b), b.with(this));
    }

    public Tensor minimum(Tensor b) {
        return Minimum.minimum(with(b), b.with(this));
    }

    /// Each element limited to low..high.
    public Tensor clamp(double low, double high) {
        return maximum(scalarLike(low)).minimum(scalarLike(high));
    }

    public Tensor neg() {
        return Negate.negate(this);
    }

    public Tensor abs() {
        return Absolute.absolute(this);
    }

    public Tensor reciprocal() {
        return Reciprocal.reciprocal(in("reciprocal"));
    }

    public Tensor square() {
        return Square.square(in("square"));
    }

    public Tensor sqrt() {
        return Sqrt.sqrt(this);
    }

    public Tensor rsqrt() {
        return Rsqrt.rsqrt(in("rsqrt"));
    }

    public Tensor exp() {
        return Exp.exp(in("exp"));
    }

    public Tensor log() {
        return Log.log(in("log"));
    }

    public Tensor tanh() {
        return Tanh.tanh(this);
    }

    public Tensor sigmoid() {
        return Sigmoid.sigmoid(this);
    }

    public Tensor relu() {
        return Relu.relu(this);
    }

    public Tensor silu() {
        return Silu.silu(this);
    }

    public Tensor gelu() {
        return Gelu.gelu(this);
    }

    public Tensor softplus() {
        return Softplus.softplus(in("softplus"));
    }

    /// This tensor where the condition (a constant of the same shape) is not 0, else b.
    public Tensor where(Tensor condition, Tensor b) {
        return Where.where(condition.with(this).with(b), with(b), b.with(this));
    }

    /// 1 where this > b, else 0; a constant, as are the next two.
    public Tensor greater(Tensor b) {
        return Comparison.compare(Binary.GREATER, with(b), b.with(this));
    }

    public Tensor greaterOrEqual(Tensor b) {
        return Comparison.compare(Binary.GREATER_EQUAL, with(b), b.with(this));
    }

    public Tensor equalTo(Tensor b) {
        return Comparison.compare(Binary.EQUAL, with(b), b.with(this));
    }

    /// The elements in another type; this tensor itself where it is of that type.
    public Tensor cast(DType dtype) {
        return Cast.cast(this, dtype);
    }

    // ---- matrices ----

    /// The matrix product; more than two axes are a batch.
    public Tensor matmul(Tensor b) {
        return matmul(b, false, false);
    }

    /// The product of the matrices, each transposed first if asked for.
    public Tensor matmul(Tensor b, boolean transposeA, boolean transposeB) {
        return Matmul.matmul(in("matmul"), b.in("matmul"), transposeA, transposeB);
    }

    // ---- reductions; no axes means all ----

    public Tensor sum(int... axes) {
        return Sum.sum(in("sum"), axes);
    }

    public Tensor mean(int... axes) {
        return Mean.mean(in("mean"), axes);
    }

    public Tensor max(int... axes) {
        return Extremum.extremum(Reduction.MAXIMUM, this, axes);
    }

    public Tensor min(int... axes) {
        return Extremum.extremum(Reduction.MINIMUM, this, axes);
    }

    /// The mean squared distance from the mean (divided by the count, not by count - 1).
    public Tensor variance(int... axes) {
        return Variance.variance(in("variance"), axes);
    }

    /// The place of the first maximum along an axis, INT32; a constant.
    public Tensor argmax(int axis) {
        return Argmax.argmax(this, axis);
    }

    /// Summed over the axes along which the shape was stretched to this one; this tensor itself if
    /// there are none.
    Tensor sumTo(Shape smaller) {
        return Sum.sumTo(this, smaller);
    }

    // ---- shapes ----

    /// The same elements in another shape; one length may be -1 and is worked out. No element
    /// moves.
    public Tensor reshape(int... dims) {
        return Reshape.reshape(this, dims);
    }

    /// Axis i of the result is axis `permutation[i]` of this; without arguments, the last two
    /// change places.
    public Tensor transpose(int... permutation) {
        return Transpose.transpose(this, permutation);
    }

    /// The elements of an axis from (inclusive) to (exclusive).
    public Tensor slice(int axis, int from, int to) {
        return Slice.slice(this, axis, from, to);
    }

    /// Zeros added before and after along an axis.
    public Tensor pad(int axis, int before, int after) {
        return Pad.pad(this, axis, before, after);
    }

    /// Tensors one behind the other along an axis.
    public static Tensor concat(int axis, Tensor... tensors) {
        return Concat.concat(
                axis,
                Arrays.stream(tensors)
                        .map(x -> Arrays.stream(tensors).reduce(x, Autocast::promote))
                        .toList());
    }

    /// The rows (elements of the first axis) that the INT32 index names.
    public Tensor gather(Tensor index) {
        return Gather.gather(this, index);
    }

    /// Repeated along axes of length 1 until it has the shape.
    public Tensor expand(Shape larger) {
        return Expand.expand(this, larger);
    }

    /// `[N, H, W, C]` as `[N, C H W]`, in PyTorch's order.
    public Tensor flatten() {
        return Flatten.flatten(this);
    }

    // ---- images [N, H, W, C] ----

    /// Convolution with filters `[K, R, S, C / groups]`.
    public Tensor conv2d(Tensor filters, Conv2dOptions options) {
        return Convolution.convolution(in("convolution"), filters.in("convolution"), options);
    }

    /// The same, with the moments of its channels, which a batch norm needs next.
    public Convolution.WithMoments conv2dWithMoments(Tensor filters, Conv2dOptions options) {
        return Convolution.withMoments(in("convolution"), filters.in("convolution"), options);
    }

    /// Convolution, plus the bias `[K]` (and the residual), then ReLU if asked for.
    public Tensor conv2d(
            Tensor filters,
            Tensor bias,
            Optional<Tensor> residual,
            boolean relu,
            Conv2dOptions options) {
        String name = "convolutionAddRelu";
        return ConvolutionAddRelu.convolution(
                in(name),
                filters.in(name),
                bias.in(name),
                residual.map(x -> x.in(name)),
                relu,
                options);
    }

    /// The convolution of `max(scale x + shift, 0)`, scale and shift `[C]`, without storing that
    /// image.
    public Tensor conv2dNormalized(
            Tensor scale, Tensor shift, Tensor filters, Conv2dOptions options) {
        String name = "normalizedConvolution";
        return NormalizedConvolution.convolution(
                in(name), scale.in(name), shift.in(name), filters.in(name), options);
    }

    public Tensor maxPool(int kernel, int stride, int padding) {
        return MaxPool.maxPool(this, kernel, stride, padding);
    }

    public Tensor averagePool(int kernel, int stride, int padding) {
        return AveragePool.averagePool(this, kernel, stride, padding);
    }

    /// Averages over as many windows as asked for; 1, 1 is the global average.
    public Tensor adaptiveAveragePool(int height, int width) {
        return AveragePool.adaptiveAveragePool(this, height, width);
    }

    public Tensor adaptiveMaxPool(int height, int width) {
        return MaxPool.adaptiveMaxPool(this, height, width);
    }

    // ---- normalization over the last axis or per channel ----

    /// The mean and variance of each channel (the last axis).
    public Moments moments() {
        return BatchNorm.moments(this);
    }

    /// `gamma (x - mean) / sqrt(variance + epsilon) + beta (+ residual)`, then ReLU if asked for.
    /// With `batchMoments` the moments are those of x itself and the gradient goes through them;
    /// else they are constants.
    public Tensor batchNorm(
            Moments moments,
            boolean batchMoments,
            Tensor gamma,
            Tensor beta,
            double epsilon,
            Optional<Tensor> residual,
            boolean relu) {
        Tensor mean = moments.mean();
        return BatchNorm.batchNorm(
                this,
                mean.dtype().is16Bits()
                        ? new Moments(mean.widened(), moments.variance().widened())
                        : moments,
                batchMoments,
                gamma.widened(),
                beta.widened(),
                epsilon,
                residual.map(x -> x.cast(dtype())),
                relu);
    }

    public Tensor layerNorm(Tensor gamma, Tensor beta, double epsilon) {
        String name = "layerNorm";
        return LayerNorm.layerNorm(in(name), gamma.in(name), beta.in(name), epsilon);
    }

    public Tensor localResponseNorm(int size, double alpha, double beta, double k) {
        return LocalResponseNorm.localResponseNorm(in("localResponseNorm"), size, alpha, beta, k);
    }

    /// Each element 0 with the probability, the others scaled up so that the expectation stays; see
    /// [Randomness].
    public Tensor dropout(double probability) {
        return Dropout.dropout(this, probability, Randomness.next());
    }

    // ---- probabilities, over the last axis ----

    public Tensor softmax() {
        return Softmax.softmax(in("softmax"));
    }

    public Tensor logSoftmax() {
        return LogSoftmax.logSoftmax(in("logSoftmax"));
    }

    /// The mean cross-entropy of these logits `[N, classes]` with INT32 labels `[N]`.
    public Tensor crossEntropy(Tensor labels) {
        return crossEntropy(labels, 0);
    }

    /// The same with label smoothing: targets are `1 - smoothing` for the label plus `smoothing /
    /// classes` for each class.
    public Tensor crossEntropy(Tensor labels, double smoothing) {
        return CrossEntropy.ofLabels(in("crossEntropy"), labels, smoothing);
    }

    /// The mean cross-entropy with soft targets `[N, classes]`, which are constants.
    public Tensor crossEntropySoft(Tensor targets) {
        return CrossEntropy.ofTargets(in("crossEntropy"), targets.in("crossEntropy"));
    }

    /// The type, the shape and, of small tensors, the values.
    @Override
    public String toString() {
        String head = dtype().toString().toLowerCase(java.util.Locale.ROOT) + shape;
        if (size() > 64) {
            return head;
        }
        return head
                + Arrays.stream(toDoubles())
                        .mapToObj("%.5g"::formatted)
                        .collect(Collectors.joining(", ", " {", "}"));
    }
}
