package athanor.engine.backend;

import athanor.engine.Backend;
import athanor.engine.Buffer;
import athanor.engine.DType;
import athanor.engine.DeviceBuffer;
import athanor.engine.Gate;
import athanor.engine.HostBuffer;
import athanor.engine.MatrixProduct;
import athanor.engine.Memory;
import athanor.engine.Shape;
import athanor.kernels.convolve.Convolution;
import athanor.kernels.convolve.ConvolutionGeometry;
import athanor.kernels.elementwise.Binary;
import athanor.kernels.elementwise.Elementwise;
import athanor.kernels.elementwise.HalfPrecision;
import athanor.kernels.elementwise.Unary;
import athanor.kernels.layout.Layout;
import athanor.kernels.layout.Transpose;
import athanor.kernels.matmul.AddRelu;
import athanor.kernels.matmul.ChannelMoments;
import athanor.kernels.matmul.Gemm;
import athanor.kernels.normalize.BatchNorm;
import athanor.kernels.normalize.LayerNorm;
import athanor.kernels.normalize.LocalResponseNorm;
import athanor.kernels.optimize.Adam;
import athanor.kernels.optimize.AdamStep;
import athanor.kernels.optimize.Sgd;
import athanor.kernels.optimize.SgdStep;
import athanor.kernels.parallel.Parallel;
import athanor.kernels.pool.AveragePool;
import athanor.kernels.pool.MaxPool;
import athanor.kernels.pool.PoolGeometry;
import athanor.kernels.random.Philox;
import athanor.kernels.random.PhiloxKey;
import athanor.kernels.reduce.Reduction;
import athanor.kernels.reduce.Reductions;
import athanor.kernels.softmax.Softmax;
import java.util.Arrays;
import java.util.Optional;

/// SIMD kernels on all cores for FLOAT32, for which this class only picks the arrays out of the
/// buffers. Other types are left to [Reference], but for what moves elements of any type, and for
/// products of FLOAT64 matrices.
public final class Cpu implements Backend {
    public static final Cpu INSTANCE = new Cpu();

    /// Below this many multiplications a matrix product is not worth splitting among threads.
    private static final long SMALL_PRODUCT = 1 << 21;

    private final Backend reference = Reference.INSTANCE;
    private final Memory memory = new Memory(this);

    private Cpu() {}

    @Override
    public String name() {
        return "cpu";
    }

    @Override
    public Memory memory() {
        return memory;
    }

    @Override
    public Buffer allocate(DType dtype, int length) {
        return HostBuffer.allocate(dtype, length);
    }

    /// Nothing to do: the garbage collector finds it.
    @Override
    public void free(Buffer buffer) {}

    // ---- moving ----

    @Override
    public void copy(Buffer x, Buffer y, int length) {
        Object from = array(x);
        Object to = array(y);
        Parallel.range(
                length,
                Parallel.pieceOf(length),
                (start, end) -> System.arraycopy(from, start, to, start, end - start));
    }

    @Override
    public void fill(Buffer y, int length, double value) {
        if (!areFloats(y)) {
            reference.fill(y, length, value);
            return;
        }
        float[] floats = floats(y);
        float rounded = (float) value;
        Parallel.range(
                length,
                Parallel.pieceOf(length),
                (from, to) -> Arrays.fill(floats, from, to, rounded));
    }

    @Override
    public void cast(Buffer x, Buffer y, int length) {
        if (x.dtype() == y.dtype()) {
            copy(x, y, length);
        } else if (x.dtype() == DType.UINT8 && areFloats(y)) {
            Elementwise.cast(host(x).bytes(), floats(y), length);
        } else if (x.dtype() == DType.INT32 && areFloats(y)) {
            Elementwise.cast(ints(x), floats(y), length);
        } else if (areFloats(x) && y.dtype() == DType.INT32) {
            Elementwise.cast(floats(x), ints(y), length);
        } else if (x.dtype() == DType.FLOAT16 && areFloats(y)) {
            HalfPrecision.fromFloat16(host(x).shorts(), floats(y), length);
        } else if (x.dtype() == DType.BFLOAT16 && areFloats(y)) {
            HalfPrecision.fromBfloat16(host(x).shorts(), floats(y), length);
        } else if (areFloats(x) && y.dtype() == DType.FLOAT16) {
            HalfPrecision.toFloat16(floats(x), host(y).shorts(), length);
        } else if (areFloats(x) && y.dtype() == DType.BFLOAT16) {
            HalfPrecision.toBfloat16(floats(x), host(y).shorts(), length);
        } else {
            reference.cast(x, y, length);
        }
    }

    @Override
    public void transpose(Buffer x, Shape shape, int[] permutation, Buffer y) {
        Transpose.run(array(x), shape.dims(), permutation, array(y));
    }

    @Override
    public void copyBlock(
            Buffer x,
            Shape xShape,
            int[] xStart,
            Buffer y,
            Shape yShape,
            int[] yStart,
            Shape extent) {
        Layout.copyBlock(
                array(x), xShape.dims(), xStart, array(y), yShape.dims(), yStart, extent.dims());
    }

    @Override
    public void gather(Buffer x, int width, Buffer index, int count, Buffer y) {
        Layout.gather(array(x), width, ints(index), count, array(y));
    }

    @Override
    public void scatterAdd(Buffer x, int width, Buffer index, int count, Buffer y) {
        if (areFloats(x, y)) {
            Layout.scatterAdd(floats(x), width, ints(index), count, floats(y));
        } else {
            reference.scatterAdd(x, width, index, count, y);
        }
    }

    @Override
    public void oneHot(Buffer index, int count, int classes, double on, double off, Buffer y) {
        if (areFloats(y)) {
            Layout.oneHot(ints(index), count, classes, (float) on, (float) off, floats(y));
        } else {
            reference.oneHot(index, count, classes, on, off, y);
        }
    }

    // ---- arithmetic ----

    @Override
    public void unary(Unary function, Buffer x, Buffer y, int length) {
        if (areFloats(x, y)) {
            Elementwise.unary(function, floats(x), floats(y), length);
        } else {
            reference.unary(function, x, y, length);
        }
    }

    @Override
    public void binary(
            Binary function,
            Buffer a,
            Shape aShape,
            Buffer b,
            Shape bShape,
            Buffer y,
            Shape yShape) {
        if (!areFloats(a, b, y)) {
            reference.binary(function, a, aShape, b, bShape, y, yShape);
        } else if (aShape.equals(yShape) && bShape.equals(yShape)) {
            Elementwise.binary(function, floats(a), floats(b), floats(y), yShape.size());
        } else {
            int[] aStrides = aShape.stridesIn(yShape);
            int[] bStrides = bShape.stridesIn(yShape);
            Elementwise.binary(
                    function, floats(a), aStrides, floats(b), bStrides, floats(y), yShape.dims());
        }
    }

    @Override
    public void select(Buffer condition, Buffer a, Buffer b, Buffer y, int length) {
        if (areFloats(condition, a, b, y)) {
            Elementwise.select(floats(condition), floats(a), floats(b), floats(y), length);
        } else {
            reference.select(condition, a, b, y, length);
        }
    }

    @Override
    public void reduce(Reduction reduction, Buffer x, Shape shape, boolean[] axes, Buffer y) {
        if (areFloats(x, y)) {
            Reductions.reduce(reduction, floats(x), shape.dims(), axes, floats(y));
        } else {
            reference.reduce(reduction, x, shape, axes, y);
        }
    }

    @Override
    public void argmax(Buffer x, int outer, int length, int inner, Buffer y) {
        if (areFloats(x)) {
            Reductions.argmax(floats(x), outer, length, inner, ints(y));
        } else {
            reference.argmax(x, outer, length, inner, y);
        }
    }

    @Override
    public void matmul(MatrixProduct product, Buffer a, Buffer b, Buffer y) {
        if (areFloats(a, b, y)) {
            multiply(product, floats(a), floats(b), floats(y));
        } else if (a.dtype() == DType.FLOAT64
                && b.dtype() == DType.FLOAT64
                && y.dtype() == DType.FLOAT64) {
            DoubleProduct.multiply(
                    product, host(a).doubles(), host(b).doubles(), host(y).doubles());
        } else {
            reference.matmul(product, a, b, y);
        }
    }

    private static void multiply(MatrixProduct p, float[] a, float[] b, float[] y) {
        long work = (long) p.m() * p.n() * p.k();
        if (!p.transposeA() && p.batchStrideA() == p.m() * p.k() && p.batchStrideB() == 0) {
            // One matrix serves all: the rows of the whole batch are those of a single product.
            multiply(p, p.batch() * p.m(), 0, a, b, y);
        } else if (work < SMALL_PRODUCT) {
            int piece = (int) Math.max(1, SMALL_PRODUCT / 2 / Math.max(1, work));
            Parallel.range(
                    p.batch(),
                    piece,
                    (from, to) -> {
                        for (int i = from; i < to; i++) {
                            multiply(p, p.m(), i, a, b, y);
                        }
                    });
        } else {
            for (int i = 0; i < p.batch(); i++) {
                multiply(p, p.m(), i, a, b, y);
            }
        }
    }

    private static void multiply(MatrixProduct p, int m, int i, float[] a, float[] b, float[] y) {
        Gemm.multiply(
                p.transposeA(),
                p.transposeB(),
                m,
                p.n(),
                p.k(),
                a,
                i * p.batchStrideA(),
                p.transposeA() ? p.m() : p.k(),
                b,
                i * p.batchStrideB(),
                p.transposeB() ? p.k() : p.n(),
                y,
                i * p.m() * p.n(),
                p.n(),
                p.accumulate());
    }

    // ---- images ----

    @Override
    public void convolve(ConvolutionGeometry geometry, Buffer x, Buffer w, Buffer y) {
        if (areFloats(x, w, y)) {
            Convolution.forward(geometry, floats(x), floats(w), floats(y));
        } else {
            reference.convolve(geometry, x, w, y);
        }
    }

    @Override
    public void convolveAddRelu(
            ConvolutionGeometry geometry,
            Buffer x,
            Buffer w,
            Buffer bias,
            Optional<Buffer> residual,
            boolean relu,
            Buffer y) {
        if (areFloats(x, w, bias, y)) {
            AddRelu epilogue =
                    new AddRelu(
                            geometry.filters(),
                            floats(bias),
                            floats(residual).orElse(new float[0]),
                            relu ? 0 : Float.NEGATIVE_INFINITY);
            Convolution.forward(geometry, floats(x), floats(w), floats(y), epilogue);
        } else {
            Backend.super.convolveAddRelu(geometry, x, w, bias, residual, relu, y);
        }
    }

    @Override
    public void convolveWithMoments(
            ConvolutionGeometry geometry,
            Buffer x,
            Buffer w,
            Buffer y,
            Buffer mean,
            Buffer variance) {
        if (areFloats(x, w, y)) {
            ChannelMoments moments = new ChannelMoments(geometry.filters());
            Convolution.forward(geometry, floats(x), floats(w), floats(y), moments);
            moments.finish(floats(mean), floats(variance));
        } else {
            Backend.super.convolveWithMoments(geometry, x, w, y, mean, variance);
        }
    }

    @Override
    public void convolveInputGradient(
            ConvolutionGeometry geometry, Buffer dy, Buffer w, Buffer dx) {
        if (areFloats(dy, w, dx)) {
            Convolution.inputGradient(geometry, floats(dy), floats(w), floats(dx));
        } else {
            reference.convolveInputGradient(geometry, dy, w, dx);
        }
    }

    @Override
    public void addConvolveInputGradient(
            ConvolutionGeometry geometry, Buffer dy, Buffer w, Buffer dx) {
        if (areFloats(dy, w, dx) && Convolution.addsInputGradient(geometry)) {
            Convolution.addInputGradient(geometry, floats(dy), floats(w), floats(dx));
        } else {
            Backend.super.addConvolveInputGradient(geometry, dy, w, dx);
        }
    }

    @Override
    public void convolveFilterGradient(
            ConvolutionGeometry geometry, Buffer x, Buffer dy, Buffer dw) {
        if (areFloats(x, dy, dw)) {
            Convolution.filterGradient(geometry, floats(x), floats(dy), floats(dw));
        } else {
            reference.convolveFilterGradient(geometry, x, dy, dw);
        }
    }

    @Override
    public void maxPool(PoolGeometry geometry, Buffer x, Buffer y, Buffer index) {
        if (areFloats(x, y)) {
            MaxPool.forward(geometry, floats(x), floats(y), ints(index));
        } else {
            reference.maxPool(geometry, x, y, index);
        }
    }

    @Override
    public void maxPoolGradient(PoolGeometry geometry, Buffer dy, Buffer index, Buffer dx) {
        if (areFloats(dy, dx)) {
            MaxPool.gradient(geometry, floats(dy), ints(index), floats(dx));
        } else {
            reference.maxPoolGradient(geometry, dy, index, dx);
        }
    }

    @Override
    public void averagePool(PoolGeometry geometry, Buffer x, Buffer y) {
        if (areFloats(x, y)) {
            AveragePool.forward(geometry, floats(x), floats(y));
        } else {
            reference.averagePool(geometry, x, y);
        }
    }

    @Override
    public void averagePoolGradient(PoolGeometry geometry, Buffer dy, Buffer dx) {
        if (areFloats(dy, dx)) {
            AveragePool.gradient(geometry, floats(dy), floats(dx));
        } else {
            reference.averagePoolGradient(geometry, dy, dx);
        }
    }

    // ---- normalization ----

    @Override
    public void channelMoments(Buffer x, int rows, int channels, Buffer mean, Buffer variance) {
        if (areFloats(x, mean, variance)) {
            BatchNorm.channelMoments(floats(x), rows, channels, floats(mean), floats(variance));
        } else {
            reference.channelMoments(x, rows, channels, mean, variance);
        }
    }

    @Override
    public void normalizeAddRelu(
            Buffer x,
            int rows,
            int channels,
            Buffer scale,
            Buffer shift,
            Optional<Buffer> residual,
            boolean relu,
            Buffer y) {
        if (areFloats(x, scale, shift, y)) {
            BatchNorm.normalizeAddRelu(
                    floats(x),
                    rows,
                    channels,
                    floats(scale),
                    floats(shift),
                    floats(residual),
                    relu,
                    floats(y));
        } else {
            reference.normalizeAddRelu(x, rows, channels, scale, shift, residual, relu, y);
        }
    }

    @Override
    public void batchNormSums(
            Buffer dy,
            Gate gate,
            Buffer x,
            int rows,
            int channels,
            Buffer mean,
            Buffer inverseDeviation,
            Buffer dScale,
            Buffer dShift) {
        if (areFloats(dy, x)) {
            BatchNorm.sums(
                    floats(dy),
                    gate(gate, dy, x, channels),
                    floats(x),
                    rows,
                    channels,
                    floats(mean),
                    floats(inverseDeviation),
                    floats(dScale),
                    floats(dShift));
        } else {
            reference.batchNormSums(
                    dy, gate, x, rows, channels, mean, inverseDeviation, dScale, dShift);
        }
    }

    @Override
    public void batchNormGradient(
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
            Buffer dx,
            Optional<Buffer> dResidual) {
        if (areFloats(dy, x, dx)) {
            BatchNorm.gradient(
                    floats(dy),
                    gate(gate, dy, x, channels),
                    floats(x),
                    rows,
                    channels,
                    floats(mean),
                    floats(inverseDeviation),
                    floats(scale),
                    floats(dScale),
                    floats(dShift),
                    floats(dx),
                    floats(dResidual));
        } else {
            reference.batchNormGradient(
                    dy,
                    gate,
                    x,
                    rows,
                    channels,
                    mean,
                    inverseDeviation,
                    scale,
                    dScale,
                    dShift,
                    dx,
                    dResidual);
        }
    }

    private static athanor.kernels.normalize.Gate gate(
            Gate gate, Buffer dy, Buffer x, int channels) {
        return switch (gate) {
            case Gate.Open() -> athanor.kernels.normalize.Gate.open(floats(dy), channels);
            case Gate.Result(Buffer y) -> athanor.kernels.normalize.Gate.of(floats(y), channels);
            case Gate.Normalized(Buffer scale, Buffer shift) ->
                    new athanor.kernels.normalize.Gate(floats(x), floats(scale), floats(shift));
        };
    }

    @Override
    public void layerNorm(
            Buffer x,
            int rows,
            int width,
            double epsilon,
            Buffer gamma,
            Buffer beta,
            Buffer y,
            Buffer mean,
            Buffer inverseDeviation) {
        if (areFloats(x, y)) {
            LayerNorm.forward(
                    floats(x),
                    rows,
                    width,
                    epsilon,
                    floats(gamma),
                    floats(beta),
                    floats(y),
                    floats(mean),
                    floats(inverseDeviation));
        } else {
            reference.layerNorm(x, rows, width, epsilon, gamma, beta, y, mean, inverseDeviation);
        }
    }

    @Override
    public void layerNormGradient(
            Buffer dy,
            Buffer x,
            int rows,
            int width,
            Buffer gamma,
            Buffer mean,
            Buffer inverseDeviation,
            Buffer dx) {
        if (areFloats(dy, x, dx)) {
            LayerNorm.gradient(
                    floats(dy),
                    floats(x),
                    rows,
                    width,
                    floats(gamma),
                    floats(mean),
                    floats(inverseDeviation),
                    floats(dx));
        } else {
            reference.layerNormGradient(dy, x, rows, width, gamma, mean, inverseDeviation, dx);
        }
    }

    @Override
    public void localResponseNorm(
            Buffer x,
            int rows,
            int channels,
            int size,
            double alpha,
            double beta,
            double k,
            Buffer y,
            Buffer d) {
        if (areFloats(x, y, d)) {
            LocalResponseNorm.forward(
                    floats(x), rows, channels, size, alpha, beta, k, floats(y), floats(d));
        } else {
            reference.localResponseNorm(x, rows, channels, size, alpha, beta, k, y, d);
        }
    }

    @Override
    public void localResponseNormGradient(
            Buffer dy,
            Buffer x,
            Buffer d,
            int rows,
            int channels,
            int size,
            double alpha,
            double beta,
            Buffer dx) {
        if (areFloats(dy, x, d, dx)) {
            LocalResponseNorm.gradient(
                    floats(dy),
                    floats(x),
                    floats(d),
                    rows,
                    channels,
                    size,
                    alpha,
                    beta,
                    floats(dx));
        } else {
            reference.localResponseNormGradient(dy, x, d, rows, channels, size, alpha, beta, dx);
        }
    }

    // ---- rows of probabilities ----

    @Override
    public void softmax(Buffer x, int rows, int width, Buffer y) {
        if (areFloats(x, y)) {
            Softmax.softmax(floats(x), rows, width, floats(y));
        } else {
            reference.softmax(x, rows, width, y);
        }
    }

    @Override
    public void softmaxGradient(Buffer dy, Buffer y, int rows, int width, Buffer dx) {
        if (areFloats(dy, y, dx)) {
            Softmax.softmaxGradient(floats(dy), floats(y), rows, width, floats(dx));
        } else {
            reference.softmaxGradient(dy, y, rows, width, dx);
        }
    }

    @Override
    public void logSoftmax(Buffer x, int rows, int width, Buffer y) {
        if (areFloats(x, y)) {
            Softmax.logSoftmax(floats(x), rows, width, floats(y));
        } else {
            reference.logSoftmax(x, rows, width, y);
        }
    }

    @Override
    public void logSoftmaxGradient(Buffer dy, Buffer y, int rows, int width, Buffer dx) {
        if (areFloats(dy, y, dx)) {
            Softmax.logSoftmaxGradient(floats(dy), floats(y), rows, width, floats(dx));
        } else {
            reference.logSoftmaxGradient(dy, y, rows, width, dx);
        }
    }

    // ---- random numbers ----

    @Override
    public void uniform(PhiloxKey key, Buffer y, int length) {
        if (areFloats(y)) {
            Philox.uniform(key, floats(y), length);
        } else {
            reference.uniform(key, y, length);
        }
    }

    @Override
    public void normal(PhiloxKey key, Buffer y, int length) {
        if (areFloats(y)) {
            Philox.normal(key, floats(y), length);
        } else {
            reference.normal(key, y, length);
        }
    }

    @Override
    public void dropoutMask(PhiloxKey key, double probability, Buffer y, int length) {
        if (areFloats(y)) {
            Philox.dropoutMask(key, probability, floats(y), length);
        } else {
            reference.dropoutMask(key, probability, y, length);
        }
    }

    // ---- updates in place ----

    @Override
    public void sgd(
            SgdStep step,
            Buffer parameter,
            Buffer gradient,
            Optional<Buffer> velocity,
            int length) {
        if (!areFloats(parameter, gradient)) {
            reference.sgd(step, parameter, gradient, velocity, length);
        } else if (velocity.isPresent()) {
            Sgd.step(step, floats(parameter), floats(gradient), floats(velocity.get()), length);
        } else {
            Sgd.step(step, floats(parameter), floats(gradient), length);
        }
    }

    @Override
    public void adam(
            AdamStep step,
            Buffer parameter,
            Buffer gradient,
            Buffer mean,
            Buffer square,
            int length) {
        if (areFloats(parameter, gradient)) {
            Adam.step(
                    step,
                    floats(parameter),
                    floats(gradient),
                    floats(mean),
                    floats(square),
                    length);
        } else {
            reference.adam(step, parameter, gradient, mean, square, length);
        }
    }

    private static boolean areFloats(Buffer... buffers) {
        for (Buffer buffer : buffers) {
            if (buffer.dtype() != DType.FLOAT32) {
                return false;
            }
        }
        return true;
    }

    private static float[] floats(Buffer buffer) {
        return host(buffer).floats();
    }

    private static Optional<float[]> floats(Optional<Buffer> buffer) {
        return buffer.map(Cpu::floats);
    }

    private static int[] ints(Buffer buffer) {
        return host(buffer).ints();
    }

    /// The array itself, for kernels that move elements of any type.
    private static Object array(Buffer buffer) {
        HostBuffer host = host(buffer);
        return switch (buffer.dtype()) {
            case FLOAT32 -> host.floats();
            case FLOAT64 -> host.doubles();
            case FLOAT16, BFLOAT16 -> host.shorts();
            case INT32 -> host.ints();
            case UINT8 -> host.bytes();
        };
    }

    private static HostBuffer host(Buffer buffer) {
        return switch (buffer) {
            case HostBuffer host -> host;
            case DeviceBuffer _ ->
                    throw new IllegalArgumentException(
                            "cpu: a tensor of another device; all tensors of an operation must lie on one");
        };
    }
}
