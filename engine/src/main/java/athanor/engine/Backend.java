package athanor.engine;

import athanor.engine.backend.Cpu;
import athanor.engine.backend.Cuda;
import athanor.engine.backend.Reference;
import athanor.kernels.convolve.ConvolutionGeometry;
import athanor.kernels.elementwise.Binary;
import athanor.kernels.elementwise.Unary;
import athanor.kernels.optimize.AdamStep;
import athanor.kernels.optimize.SgdStep;
import athanor.kernels.pool.PoolGeometry;
import athanor.kernels.random.PhiloxKey;
import athanor.kernels.reduce.Reduction;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.List;
import java.util.Optional;

/// What a device must be able to do. It speaks buffers and shapes, never tensors or gradients.
/// Arguments have been checked by the operations above; `x`, `a`, `b`, `w` are read, `y` and what
/// is named a gradient is written. A result never lies in the buffer of an input, except for
/// [#unary], [#binary] and [#batchNormGradient], where it may.
///
/// What a method writes is marked, as are the methods that take numbers of any type: by that
/// [Widening] makes of arithmetic in FLOAT32 one for numbers of 16 bits.
///
/// Methods with a body are fused operations: composed of the others here, and overridden where a
/// backend can do better. A test holds the override to the composition, and another the number of
/// methods to 60.
public interface Backend {
    /// What a method writes; `reads` where the numbers that are there count, too.
    @Retention(RetentionPolicy.RUNTIME)
    @Target(ElementType.PARAMETER)
    @interface Result {
        boolean reads() default false;
    }

    /// A method that takes buffers as they are, whatever their type. Without it, those of 16 bits
    /// are given to it as FLOAT32.
    @Retention(RetentionPolicy.RUNTIME)
    @Target(ElementType.METHOD)
    @interface AnyType {}

    /// Plain loops in double: slow, exact, easy to read.
    static Backend reference() {
        return Reference.INSTANCE;
    }

    /// SIMD kernels on all cores.
    static Backend cpu() {
        return Cpu.INSTANCE;
    }

    /// The backend that a device's name stands for: `cpu`, `reference`, `cuda` (the first GPU),
    /// `cuda:N`, or `cuda-sim`, a simulated GPU. The same each time.
    ///
    /// @throws RuntimeException where there is no such GPU: what is missing, in one line
    static Backend of(String device) {
        return switch (device) {
            case "cpu" -> cpu();
            case "reference" -> reference();
            default -> Cuda.of(device);
        };
    }

    String name();

    /// The pool that buffers of this backend come from.
    Memory memory();

    /// New memory with any contents. Called by [Memory] alone.
    Buffer allocate(DType dtype, int length);

    /// Gives up memory that nothing uses any more. Called by [Memory] alone.
    @AnyType
    void free(Buffer buffer);

    // ---- moving ----

    /// Copies the first `length` elements; either side may be a [HostBuffer]. Types are equal.
    @AnyType
    void copy(Buffer x, @Result Buffer y, int length);

    @AnyType
    void fill(@Result Buffer y, int length, double value);

    /// Converts between types; to an integer it rounds towards zero.
    @AnyType
    void cast(Buffer x, @Result Buffer y, int length);

    /// `y` has axis i where x had axis `permutation[i]`. Any type.
    @AnyType
    void transpose(Buffer x, Shape shape, int[] permutation, @Result Buffer y);

    /// Copies the block of shape `extent` that starts at `xStart` in x to `yStart` in y, and leaves
    /// the rest of y alone. Slice, pad and concatenation are made of it. Any type.
    @AnyType
    void copyBlock(
            Buffer x,
            Shape xShape,
            int[] xStart,
            @Result Buffer y,
            Shape yShape,
            int[] yStart,
            Shape extent);

    /// `y[i, :] = x[index[i], :]` for i below count; rows of `width` elements. Any type.
    @AnyType
    void gather(Buffer x, int width, Buffer index, int count, @Result Buffer y);

    /// `y[index[i], :] += x[i, :]` for i = 0, 1, ... in this order.
    void scatterAdd(Buffer x, int width, Buffer index, int count, @Result(reads = true) Buffer y);

    /// `y[i, j] = j == index[i] ? on : off`, count rows of `classes`.
    void oneHot(Buffer index, int count, int classes, double on, double off, @Result Buffer y);

    // ---- arithmetic ----

    void unary(Unary function, Buffer x, @Result Buffer y, int length);

    /// `y = f(a, b)`, both stretched to `yShape` by [Shape#broadcast].
    void binary(
            Binary function,
            Buffer a,
            Shape aShape,
            Buffer b,
            Shape bShape,
            @Result Buffer y,
            Shape yShape);

    /// `y = condition != 0 ? a : b`.
    void select(Buffer condition, Buffer a, Buffer b, @Result Buffer y, int length);

    /// Reduces the axes marked true; y holds what remains, in order.
    void reduce(Reduction reduction, Buffer x, Shape shape, boolean[] axes, @Result Buffer y);

    /// The place of the first maximum along the middle axis of x `[outer, length, inner]`, as INT32
    /// `[outer, inner]`.
    void argmax(Buffer x, int outer, int length, int inner, @Result Buffer y);

    /// `y[b] = op(a[b]) op(b[b])` for each matrix of a batch, or with `accumulate`, `y[b] += ...`;
    /// see [MatrixProduct].
    void matmul(MatrixProduct product, Buffer a, Buffer b, @Result(reads = true) Buffer y);

    // ---- images: x is [N, H, W, C], w is [K, R, S, C / groups], y is [N, P, Q, K] ----

    void convolve(ConvolutionGeometry geometry, Buffer x, Buffer w, @Result Buffer y);

    void convolveInputGradient(
            ConvolutionGeometry geometry, Buffer dy, Buffer w, @Result Buffer dx);

    void convolveFilterGradient(
            ConvolutionGeometry geometry, Buffer x, Buffer dy, @Result Buffer dw);

    /// `y = conv(x, w) + bias (+ residual)`, and with `relu`, `max(y, 0)`; bias is one number a
    /// channel.
    default void convolveAddRelu(
            ConvolutionGeometry geometry,
            Buffer x,
            Buffer w,
            Buffer bias,
            Optional<Buffer> residual,
            boolean relu,
            @Result Buffer y) {
        Shape shape = Shape.of(geometry.outputRows(), geometry.filters());
        convolve(geometry, x, w, y);
        binary(Binary.ADD, y, shape, bias, Shape.of(geometry.filters()), y, shape);
        residual.ifPresent(r -> binary(Binary.ADD, y, shape, r, shape, y, shape));
        if (relu) {
            unary(Unary.RELU, y, y, shape.size());
        }
    }

    /// `dx += the gradient of the input`.
    default void addConvolveInputGradient(
            ConvolutionGeometry geometry, Buffer dy, Buffer w, @Result(reads = true) Buffer dx) {
        Shape shape =
                Shape.of(
                        geometry.batch(), geometry.height(), geometry.width(), geometry.channels());
        Buffer gradient = memory().take(dx.dtype(), shape.size());
        convolveInputGradient(geometry, dy, w, gradient);
        binary(Binary.ADD, dx, shape, gradient, shape, dx, shape);
        memory().give(gradient);
    }

    /// The convolution, and the mean and the variance of each of its channels.
    default void convolveWithMoments(
            ConvolutionGeometry geometry,
            Buffer x,
            Buffer w,
            @Result Buffer y,
            @Result Buffer mean,
            @Result Buffer variance) {
        convolve(geometry, x, w, y);
        channelMoments(y, geometry.outputRows(), geometry.filters(), mean, variance);
    }

    /// The convolution of `max(scale x + shift, 0)`, scale and shift one number a channel.
    default void convolveNormalized(
            ConvolutionGeometry geometry,
            Buffer x,
            Buffer scale,
            Buffer shift,
            Buffer w,
            @Result Buffer y) {
        int rows = geometry.batch() * geometry.height() * geometry.width();
        Buffer normalized = memory().take(x.dtype(), rows * geometry.channels());
        normalizeAddRelu(
                x, rows, geometry.channels(), scale, shift, Optional.empty(), true, normalized);
        convolve(geometry, normalized, w, y);
        memory().give(normalized);
    }

    /// `index` becomes, for each output, the place of its maximum in the image (`h * width + w`,
    /// the first of equals).
    void maxPool(PoolGeometry geometry, Buffer x, @Result Buffer y, @Result Buffer index);

    void maxPoolGradient(PoolGeometry geometry, Buffer dy, Buffer index, @Result Buffer dx);

    void averagePool(PoolGeometry geometry, Buffer x, @Result Buffer y);

    void averagePoolGradient(PoolGeometry geometry, Buffer dy, @Result Buffer dx);

    // ---- normalization: x is [rows, channels] ----

    /// The mean and the (biased) variance of each channel over all rows.
    void channelMoments(
            Buffer x, int rows, int channels, @Result Buffer mean, @Result Buffer variance);

    /// `y = scale x + shift (+ residual)`, and with `relu`, `max(y, 0)`; scale and shift are one
    /// number a channel.
    default void normalizeAddRelu(
            Buffer x,
            int rows,
            int channels,
            Buffer scale,
            Buffer shift,
            Optional<Buffer> residual,
            boolean relu,
            @Result Buffer y) {
        Shape shape = Shape.of(rows, channels);
        Shape row = Shape.of(channels);
        binary(Binary.MULTIPLY, x, shape, scale, row, y, shape);
        binary(Binary.ADD, y, shape, shift, row, y, shape);
        residual.ifPresent(r -> binary(Binary.ADD, y, shape, r, shape, y, shape));
        if (relu) {
            unary(Unary.RELU, y, y, shape.size());
        }
    }

    /// The sums that the backward pass of batch norm needs: with g = dy where the gate lets it
    /// pass, else 0, `dShift = sum of g` and `dScale = sum of g (x - mean) inverseDeviation`, one
    /// number a channel.
    void batchNormSums(
            Buffer dy,
            Gate gate,
            Buffer x,
            int rows,
            int channels,
            Buffer mean,
            Buffer inverseDeviation,
            @Result Buffer dScale,
            @Result Buffer dShift);

    /// `dx = scale (g - (dShift + (x - mean) inverseDeviation dScale) / rows)`, where `scale` is
    /// gamma times inverseDeviation and g is as in [#batchNormSums]; `dResidual`, if asked for,
    /// becomes g. Either may lie in x or dy.
    void batchNormGradient(
            Buffer dy,
            Gate gate,
            Buffer x,
            int rows,
            int channels,
            Buffer mean,
            Buffer inverseDeviation,
            Buffer scale,
            Buffer dScale,
            Buffer dShift,
            @Result Buffer dx,
            @Result Optional<Buffer> dResidual);

    /// `y = (x - mean) inverseDeviation gamma + beta` with the mean and deviation of each row,
    /// which are kept.
    void layerNorm(
            Buffer x,
            int rows,
            int width,
            double epsilon,
            Buffer gamma,
            Buffer beta,
            @Result Buffer y,
            @Result Buffer mean,
            @Result Buffer inverseDeviation);

    /// The gradient of x; those of gamma and beta are column sums that [#batchNormSums] does not
    /// fit, made of primitives.
    void layerNormGradient(
            Buffer dy,
            Buffer x,
            int rows,
            int width,
            Buffer gamma,
            Buffer mean,
            Buffer inverseDeviation,
            @Result Buffer dx);

    /// `y[c] = x[c] d[c]^-beta`, `d[c] = k + alpha / size * sum of x[j]^2` over the `size` channels
    /// around c, as in AlexNet; d is kept.
    void localResponseNorm(
            Buffer x,
            int rows,
            int channels,
            int size,
            double alpha,
            double beta,
            double k,
            @Result Buffer y,
            @Result Buffer d);

    void localResponseNormGradient(
            Buffer dy,
            Buffer x,
            Buffer d,
            int rows,
            int channels,
            int size,
            double alpha,
            double beta,
            @Result Buffer dx);

    // ---- rows of probabilities ----

    void softmax(Buffer x, int rows, int width, @Result Buffer y);

    /// `dx = y (dy - sum of dy y)`.
    void softmaxGradient(Buffer dy, Buffer y, int rows, int width, @Result Buffer dx);

    void logSoftmax(Buffer x, int rows, int width, @Result Buffer y);

    /// `dx = dy - exp(y) * sum of dy`.
    void logSoftmaxGradient(Buffer dy, Buffer y, int rows, int width, @Result Buffer dx);

    // ---- random numbers: element i depends on the key and i alone; the same bits on every backend
    // ----

    /// Uniform in [0, 1): 24 bits for FLOAT32.
    void uniform(PhiloxKey key, @Result Buffer y, int length);

    /// Standard normal.
    void normal(PhiloxKey key, @Result Buffer y, int length);

    /// 0 with the probability, else 1 / (1 - probability).
    void dropoutMask(PhiloxKey key, double probability, @Result Buffer y, int length);

    // ---- updates in place ----

    /// One step of SGD for a parameter; `velocity` is empty without momentum.
    void sgd(
            SgdStep step,
            @Result(reads = true) Buffer parameter,
            Buffer gradient,
            @Result(reads = true) Optional<Buffer> velocity,
            int length);

    void adam(
            AdamStep step,
            @Result(reads = true) Buffer parameter,
            Buffer gradient,
            @Result(reads = true) Buffer mean,
            @Result(reads = true) Buffer square,
            int length);

    /// All backends that can run here.
    static List<Backend> all() {
        return List.of(reference(), cpu());
    }
}
