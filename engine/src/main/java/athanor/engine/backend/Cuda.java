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
import athanor.engine.Unsupported;
import athanor.kernels.convolve.ConvolutionGeometry;
import athanor.kernels.cuda.Blas;
import athanor.kernels.cuda.CudaError;
import athanor.kernels.cuda.DataType;
import athanor.kernels.cuda.Device;
import athanor.kernels.cuda.Devices;
import athanor.kernels.cuda.Dnn;
import athanor.kernels.cuda.Driver;
import athanor.kernels.cuda.PinnedStaging;
import athanor.kernels.cuda.Ptx;
import athanor.kernels.cuda.PtxElementwise;
import athanor.kernels.cuda.PtxElementwise.Cast;
import athanor.kernels.cuda.PtxLayout;
import athanor.kernels.cuda.PtxNormalization;
import athanor.kernels.cuda.PtxOptimizers;
import athanor.kernels.cuda.PtxPools;
import athanor.kernels.cuda.PtxRandom;
import athanor.kernels.cuda.PtxReductions;
import athanor.kernels.cuda.PtxSoftmax;
import athanor.kernels.cuda.Workspace;
import athanor.kernels.elementwise.Binary;
import athanor.kernels.elementwise.Unary;
import athanor.kernels.optimize.AdamStep;
import athanor.kernels.optimize.SgdStep;
import athanor.kernels.pool.PoolGeometry;
import athanor.kernels.random.PhiloxKey;
import athanor.kernels.reduce.Reduction;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongConsumer;

/// A GPU, or the simulated one: the same code for both. This class only picks the addresses out of
/// the buffers; products of matrices are cuBLAS's, convolutions cuDNN's, and the rest are the PTX
/// kernels of `athanor.kernels.cuda`.
///
/// All work goes through one stream, in the order of the calls, and only a copy to the host waits
/// for it: so a buffer that is given back may be handed out at once, while work on it is still to
/// be done. [Memory] is therefore the only pool, for the scratch memory of kernels, too.
///
/// Numbers are FLOAT32, in products and convolutions of 16 bits as well. What only moves elements
/// takes any type; other arithmetic is [Unsupported]. The device is held until the program ends.
public final class Cuda implements Backend, Workspace {
    private static final Map<String, Cuda> OPEN = new ConcurrentHashMap<>();

    private static final long STAGING_BYTES = 8 << 20;

    private final String name;
    private final Device device;
    private final Driver.Stream stream;
    private Optional<Driver.Stream> besides = Optional.empty();
    private final PinnedStaging staging;
    private final Memory memory = new Memory(this);
    private final Map<Long, Buffer> scratch = new HashMap<>();
    private final Map<IntList, Long> windows = new HashMap<>();
    private final PtxElementwise elementwise;
    private final PtxReductions reductions;
    private final PtxNormalization normalization;
    private final PtxPools pools;
    private final PtxSoftmax softmax;
    private final PtxRandom random;
    private final PtxLayout layout;
    private final PtxOptimizers optimizers;

    /// The backend of a device that [Devices#open] knows, opened the first time.
    public static Cuda of(String name) {
        return OPEN.computeIfAbsent(name, _ -> new Cuda(name, Devices.open(name)));
    }

    public Cuda(String name, Device device) {
        this.name = name;
        this.device = device;
        stream = device.driver().createStream();
        staging = new PinnedStaging(device.driver(), stream, STAGING_BYTES);
        long room = (device.driver().device().isAtLeast(9, 0) ? 32L : 4L) << 20;
        device.blas().bind(stream, device.driver().allocate(room), room);
        device.dnn().bind(stream);
        Ptx ptx = new Ptx(device.driver(), this);
        elementwise = new PtxElementwise(ptx);
        reductions = new PtxReductions(ptx);
        normalization = new PtxNormalization(ptx);
        pools = new PtxPools(ptx);
        softmax = new PtxSoftmax(ptx);
        random = new PtxRandom(ptx);
        layout = new PtxLayout(ptx);
        optimizers = new PtxOptimizers(ptx);
    }

    @Override
    public String name() {
        return name;
    }

    /// Gives work to a second stream, which begins it after all that this one was given so far, and
    /// does it beside what comes next. Running what is returned, once, makes this stream wait for
    /// it.
    public Runnable beside(LongConsumer work) {
        Driver driver = device.driver();
        if (besides.isEmpty()) {
            besides = Optional.of(driver.createStream());
        }
        Driver.Stream other = besides.get();
        Driver.Event before = driver.createEvent(false);
        Driver.Event after = driver.createEvent(false);
        driver.record(before, stream);
        driver.await(before, other);
        work.accept(other.handle());
        driver.record(after, other);
        return () -> {
            driver.await(after, stream);
            driver.destroy(before);
            driver.destroy(after);
        };
    }

    // ---- memory ----

    @Override
    public Memory memory() {
        return memory;
    }

    /// Where there is no room, what [Memory] keeps for later is given up first.
    ///
    /// @throws CudaError with status `CUDA_ERROR_OUT_OF_MEMORY` where that does not help
    @Override
    public Buffer allocate(DType dtype, int length) {
        long bytes = Math.max(1, (long) length * dtype.bytes());
        try {
            return new DeviceBuffer(dtype, length, device.driver().allocate(bytes));
        } catch (CudaError e) {
            if (!e.status().equals(CudaError.OUT_OF_MEMORY) || memory.pooled() == 0) {
                throw e;
            }
            memory.trim();
            return allocate(dtype, length);
        }
    }

    @Override
    public void free(Buffer buffer) {
        device.driver().free(address(buffer));
    }

    @Override
    public long take(long bytes) {
        int length = Math.toIntExact((bytes + Float.BYTES - 1) / Float.BYTES);
        Buffer buffer = memory.take(DType.FLOAT32, length);
        scratch.put(address(buffer), buffer);
        return address(buffer);
    }

    @Override
    public void give(long address) {
        Buffer buffer = scratch.remove(address);
        if (buffer == null) {
            throw new IllegalArgumentException("address %#x was not taken".formatted(address));
        }
        memory.give(buffer);
    }

    // ---- moving ----

    @Override
    public void copy(Buffer x, Buffer y, int length) {
        long bytes = (long) length * x.dtype().bytes();
        switch (x) {
            case HostBuffer from when y instanceof HostBuffer to ->
                    MemorySegment.copy(from.segment(), 0, to.segment(), 0, bytes);
            case HostBuffer from -> staging.upload(from.segment().asSlice(0, bytes), address(y));
            case DeviceBuffer from when y instanceof HostBuffer to ->
                    staging.download(from.address(), to.segment().asSlice(0, bytes));
            case DeviceBuffer from -> {
                if (bytes > 0) {
                    device.driver().copy(address(y), from.address(), bytes, stream);
                }
            }
        }
    }

    @Override
    public void fill(Buffer y, int length, double value) {
        switch (y.dtype()) {
            case FLOAT32 ->
                    elementwise.fill32(
                            stream, address(y), Float.floatToRawIntBits((float) value), length);
            case INT32 -> elementwise.fill32(stream, address(y), (int) value, length);
            case UINT8 -> elementwise.fill8(stream, address(y), (int) value, length);
            case FLOAT16, BFLOAT16 -> {
                Buffer wide = memory.take(DType.FLOAT32, length);
                fill(wide, length, value);
                cast(wide, y, length);
                memory.give(wide);
            }
            case FLOAT64 -> throw new Unsupported("fill", y);
        }
    }

    @Override
    public void cast(Buffer x, Buffer y, int length) {
        if (x.dtype() == y.dtype()) {
            copy(x, y, length);
            return;
        }
        String types = x.dtype() + "_" + y.dtype();
        Cast cast =
                Arrays.stream(Cast.values())
                        .filter(known -> known.name().equals(types))
                        .findFirst()
                        .orElseThrow(() -> new Unsupported("cast", x, y));
        elementwise.cast(stream, cast, address(x), address(y), length);
    }

    @Override
    public void transpose(Buffer x, Shape shape, int[] permutation, Buffer y) {
        layout.transpose(
                stream, x.dtype().bytes(), address(x), shape.dims(), permutation, address(y));
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
        layout.copyBlock(
                stream,
                x.dtype().bytes(),
                address(x),
                xShape.dims(),
                xStart,
                address(y),
                yShape.dims(),
                yStart,
                extent.dims());
    }

    @Override
    public void gather(Buffer x, int width, Buffer index, int count, Buffer y) {
        layout.gather(
                stream, x.dtype().bytes(), address(x), width, address(index), count, address(y));
    }

    @Override
    public void scatterAdd(Buffer x, int width, Buffer index, int count, Buffer y) {
        layout.scatterAdd(
                stream, float32("scatterAdd", x), width, address(index), count, address(y));
    }

    @Override
    public void oneHot(Buffer index, int count, int classes, double on, double off, Buffer y) {
        long to = float32("oneHot", y);
        layout.oneHot(stream, address(index), count, classes, (float) on, (float) off, to);
    }

    // ---- arithmetic ----

    @Override
    public void unary(Unary function, Buffer x, Buffer y, int length) {
        elementwise.unary(stream, function, float32(function.name(), x), address(y), length);
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
        String what = function.name();
        if (aShape.equals(yShape) && bShape.equals(yShape)) {
            elementwise.binary(
                    stream,
                    function,
                    float32(what, a),
                    float32(what, b),
                    address(y),
                    yShape.size());
        } else {
            elementwise.broadcast(
                    stream,
                    function,
                    float32(what, a),
                    aShape.stridesIn(yShape),
                    float32(what, b),
                    bShape.stridesIn(yShape),
                    address(y),
                    yShape.dims());
        }
    }

    @Override
    public void select(Buffer condition, Buffer a, Buffer b, Buffer y, int length) {
        elementwise.select(
                stream,
                float32("select", condition),
                float32("select", a),
                float32("select", b),
                address(y),
                length);
    }

    @Override
    public void reduce(Reduction reduction, Buffer x, Shape shape, boolean[] axes, Buffer y) {
        long from = float32(reduction.name(), x);
        reductions.reduce(stream, reduction, from, shape.dims(), axes, address(y));
    }

    @Override
    public void argmax(Buffer x, int outer, int length, int inner, Buffer y) {
        reductions.argmax(stream, float32("argmax", x), outer, length, inner, address(y));
    }

    /// In cuBLAS's columns our rows are the transposed matrices, see [Blas]: `y^T = b^T a^T`.
    @AnyType
    @Override
    public void matmul(MatrixProduct p, Buffer a, Buffer b, Buffer y) {
        DataType type = type("matmul", a, b, y);
        long left = address(a);
        long right = address(b);
        int size = p.m() * p.n();
        if (p.batch() * size == 0) {
            return;
        }
        if (p.k() == 0) {
            if (!p.accumulate()) {
                fill(y, p.batch() * size, 0);
            }
            return;
        }
        if (type != DataType.FLOAT32) {
            for (long i = 0; i < p.batch(); i++) {
                device.blas()
                        .gemmEx(
                                operation(p.transposeB()),
                                operation(p.transposeA()),
                                p.n(),
                                p.m(),
                                p.k(),
                                1,
                                right + i * p.batchStrideB() * type.bytes(),
                                type,
                                p.transposeB() ? p.k() : p.n(),
                                left + i * p.batchStrideA() * type.bytes(),
                                p.transposeA() ? p.m() : p.k(),
                                p.accumulate() ? 1 : 0,
                                address(y) + i * size * type.bytes(),
                                type,
                                p.n());
            }
            return;
        }
        device.blas()
                .gemmStridedBatched(
                        operation(p.transposeB()),
                        operation(p.transposeA()),
                        p.n(),
                        p.m(),
                        p.k(),
                        1,
                        right,
                        p.transposeB() ? p.k() : p.n(),
                        p.batchStrideB(),
                        left,
                        p.transposeA() ? p.m() : p.k(),
                        p.batchStrideA(),
                        p.accumulate() ? 1 : 0,
                        address(y),
                        p.n(),
                        size,
                        p.batch());
    }

    private static Blas.Operation operation(boolean transposed) {
        return transposed ? Blas.Operation.TRANSPOSE : Blas.Operation.NONE;
    }

    // ---- images ----

    /// What a call of cuDNN does with its descriptor and a workspace.
    private interface Convolving {
        void run(Dnn.Descriptor convolution, long workspace, long workspaceBytes);
    }

    private void convolving(
            ConvolutionGeometry geometry, DataType type, Dnn.Algorithm algorithm, Convolving call) {
        var math = type == DataType.FLOAT32 ? Dnn.MathType.FMA : Dnn.MathType.TENSOR_OP;
        var convolution = new Dnn.Descriptor(geometry, type, math);
        long bytes = device.dnn().workspaceBytes(convolution, algorithm);
        long workspace = take(bytes);
        call.run(convolution, workspace, bytes);
        give(workspace);
    }

    private static boolean isEmpty(ConvolutionGeometry g) {
        return (long) g.outputRows() * g.filters() * g.filterLength() == 0;
    }

    @AnyType
    @Override
    public void convolve(ConvolutionGeometry geometry, Buffer x, Buffer w, Buffer y) {
        DataType type = type("convolve", x, w, y);
        if (isEmpty(geometry)) {
            fill(y, geometry.outputRows() * geometry.filters(), 0);
            return;
        }
        var algorithm = Dnn.Algorithm.IMPLICIT_PRECOMP_GEMM;
        convolving(
                geometry,
                type,
                algorithm,
                (convolution, workspace, bytes) ->
                        device.dnn()
                                .forward(
                                        convolution,
                                        algorithm,
                                        1,
                                        address(x),
                                        address(w),
                                        0,
                                        address(y),
                                        workspace,
                                        bytes));
    }

    @AnyType
    @Override
    public void convolveAddRelu(
            ConvolutionGeometry geometry,
            Buffer x,
            Buffer w,
            Buffer bias,
            Optional<Buffer> residual,
            boolean relu,
            Buffer y) {
        DataType type = type("convolveAddRelu", x, w, bias, y);
        if (geometry.outputRows() == 0) {
            return;
        }
        if (isEmpty(geometry)) {
            Backend.super.convolveAddRelu(geometry, x, w, bias, residual, relu, y);
            return;
        }
        var algorithm = Dnn.Algorithm.IMPLICIT_PRECOMP_GEMM;
        convolving(
                geometry,
                type,
                algorithm,
                (convolution, workspace, bytes) ->
                        device.dnn()
                                .biasActivation(
                                        convolution,
                                        algorithm,
                                        address(x),
                                        address(w),
                                        residual.isPresent() ? 1 : 0,
                                        address(residual.orElse(y)),
                                        address(bias),
                                        relu ? Dnn.Activation.RELU : Dnn.Activation.IDENTITY,
                                        address(y),
                                        workspace,
                                        bytes));
    }

    @AnyType
    @Override
    public void convolveInputGradient(
            ConvolutionGeometry geometry, Buffer dy, Buffer w, Buffer dx) {
        inputGradient(geometry, dy, w, 0, dx);
    }

    @AnyType
    @Override
    public void addConvolveInputGradient(
            ConvolutionGeometry geometry, Buffer dy, Buffer w, Buffer dx) {
        inputGradient(geometry, dy, w, 1, dx);
    }

    /// `dx = the gradient + beta dx`.
    private void inputGradient(
            ConvolutionGeometry geometry, Buffer dy, Buffer w, float beta, Buffer dx) {
        DataType type = type("convolveInputGradient", dy, w, dx);
        if (isEmpty(geometry)) {
            int rows = geometry.batch() * geometry.height() * geometry.width();
            if (beta == 0) {
                fill(dx, rows * geometry.channels(), 0);
            }
            return;
        }
        var algorithm = Dnn.Algorithm.DATA_GRADIENT_1;
        convolving(
                geometry,
                type,
                algorithm,
                (convolution, workspace, bytes) ->
                        device.dnn()
                                .dataGradient(
                                        convolution,
                                        algorithm,
                                        1,
                                        address(w),
                                        address(dy),
                                        beta,
                                        address(dx),
                                        workspace,
                                        bytes));
    }

    @AnyType
    @Override
    public void convolveFilterGradient(
            ConvolutionGeometry geometry, Buffer x, Buffer dy, Buffer dw) {
        DataType type = type("convolveFilterGradient", x, dy, dw);
        if (isEmpty(geometry)) {
            fill(dw, geometry.filters() * geometry.filterLength(), 0);
            return;
        }
        var algorithm = Dnn.Algorithm.FILTER_GRADIENT_1;
        convolving(
                geometry,
                type,
                algorithm,
                (convolution, workspace, bytes) ->
                        device.dnn()
                                .filterGradient(
                                        convolution,
                                        algorithm,
                                        1,
                                        address(x),
                                        address(dy),
                                        0,
                                        address(dw),
                                        workspace,
                                        bytes));
    }

    @Override
    public void maxPool(PoolGeometry geometry, Buffer x, Buffer y, Buffer index) {
        long from = float32("maxPool", x);
        pools.maxPool(stream, geometry, windows(geometry), from, address(y), address(index));
    }

    @Override
    public void maxPoolGradient(PoolGeometry geometry, Buffer dy, Buffer index, Buffer dx) {
        long from = float32("maxPoolGradient", dy);
        pools.maxPoolGradient(
                stream, geometry, windows(geometry), from, address(index), address(dx));
    }

    @Override
    public void averagePool(PoolGeometry geometry, Buffer x, Buffer y) {
        long from = float32("averagePool", x);
        pools.averagePool(stream, geometry, windows(geometry), from, address(y));
    }

    @Override
    public void averagePoolGradient(PoolGeometry geometry, Buffer dy, Buffer dx) {
        long from = float32("averagePoolGradient", dy);
        pools.averagePoolGradient(stream, geometry, windows(geometry), from, address(dx));
    }

    /// The address of the table of windows; it stays on the device, as there are few.
    private long windows(PoolGeometry geometry) {
        int[] table = geometry.windows();
        return windows.computeIfAbsent(
                IntArrayList.wrap(table),
                _ -> {
                    long address = device.driver().allocate((long) table.length * Integer.BYTES);
                    staging.upload(MemorySegment.ofArray(table), address);
                    return address;
                });
    }

    // ---- normalization ----

    @Override
    public void channelMoments(Buffer x, int rows, int channels, Buffer mean, Buffer variance) {
        long from = float32("channelMoments", x);
        normalization.channelMoments(
                stream, from, rows, channels, address(mean), address(variance));
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
        normalization.normalizeAddRelu(
                stream,
                float32("normalizeAddRelu", x),
                rows,
                channels,
                address(scale),
                address(shift),
                address(residual),
                relu,
                address(y));
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
        normalization.batchNormSums(
                stream,
                float32("batchNormSums", dy),
                gate(gate),
                float32("batchNormSums", x),
                rows,
                channels,
                address(mean),
                address(inverseDeviation),
                address(dScale),
                address(dShift));
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
        normalization.batchNormGradient(
                stream,
                float32("batchNormGradient", dy),
                gate(gate),
                float32("batchNormGradient", x),
                rows,
                channels,
                address(mean),
                address(inverseDeviation),
                address(scale),
                address(dScale),
                address(dShift),
                address(dx),
                address(dResidual));
    }

    private static PtxNormalization.Gate gate(Gate gate) {
        return switch (gate) {
            case Gate.Open() -> PtxNormalization.Gate.OPEN;
            case Gate.Result(Buffer y) -> new PtxNormalization.Gate(address(y), 0, 0);
            case Gate.Normalized(Buffer scale, Buffer shift) ->
                    new PtxNormalization.Gate(0, address(scale), address(shift));
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
        normalization.layerNorm(
                stream,
                float32("layerNorm", x),
                rows,
                width,
                epsilon,
                address(gamma),
                address(beta),
                address(y),
                address(mean),
                address(inverseDeviation));
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
        normalization.layerNormGradient(
                stream,
                float32("layerNormGradient", dy),
                float32("layerNormGradient", x),
                rows,
                width,
                address(gamma),
                address(mean),
                address(inverseDeviation),
                address(dx));
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
        long from = float32("localResponseNorm", x);
        normalization.localResponseNorm(
                stream, from, rows, channels, size, alpha, beta, k, address(y), address(d));
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
        normalization.localResponseNormGradient(
                stream,
                float32("localResponseNormGradient", dy),
                float32("localResponseNormGradient", x),
                address(d),
                rows,
                channels,
                size,
                alpha,
                beta,
                address(dx));
    }

    // ---- rows of probabilities ----

    @Override
    public void softmax(Buffer x, int rows, int width, Buffer y) {
        softmax.softmax(stream, float32("softmax", x), rows, width, address(y));
    }

    @Override
    public void softmaxGradient(Buffer dy, Buffer y, int rows, int width, Buffer dx) {
        long gradient = float32("softmaxGradient", dy);
        softmax.softmaxGradient(stream, gradient, address(y), rows, width, address(dx));
    }

    @Override
    public void logSoftmax(Buffer x, int rows, int width, Buffer y) {
        softmax.logSoftmax(stream, float32("logSoftmax", x), rows, width, address(y));
    }

    @Override
    public void logSoftmaxGradient(Buffer dy, Buffer y, int rows, int width, Buffer dx) {
        long gradient = float32("logSoftmaxGradient", dy);
        softmax.logSoftmaxGradient(stream, gradient, address(y), rows, width, address(dx));
    }

    // ---- random numbers ----

    @Override
    public void uniform(PhiloxKey key, Buffer y, int length) {
        random.uniform(stream, key, float32("uniform", y), length);
    }

    @Override
    public void normal(PhiloxKey key, Buffer y, int length) {
        random.normal(stream, key, float32("normal", y), length);
    }

    @Override
    public void dropoutMask(PhiloxKey key, double probability, Buffer y, int length) {
        random.dropoutMask(stream, key, probability, float32("dropoutMask", y), length);
    }

    // ---- updates in place ----

    @Override
    public void sgd(
            SgdStep step,
            Buffer parameter,
            Buffer gradient,
            Optional<Buffer> velocity,
            int length) {
        optimizers.sgd(
                stream,
                step,
                PtxOptimizers.Scaling.NONE,
                float32("sgd", parameter),
                float32("sgd", gradient),
                address(velocity),
                length);
    }

    @Override
    public void adam(
            AdamStep step,
            Buffer parameter,
            Buffer gradient,
            Buffer mean,
            Buffer square,
            int length) {
        optimizers.adam(
                stream,
                step,
                PtxOptimizers.Scaling.NONE,
                float32("adam", parameter),
                float32("adam", gradient),
                address(mean),
                address(square),
                length);
    }

    // ---- addresses ----

    /// The type of numbers that cuBLAS and cuDNN multiply, the same in all buffers.
    private static DataType type(String operation, Buffer... buffers) {
        DType type = buffers[0].dtype();
        if (Arrays.stream(buffers).anyMatch(buffer -> buffer.dtype() != type)) {
            throw new Unsupported(operation, buffers);
        }
        return switch (type) {
            case FLOAT32 -> DataType.FLOAT32;
            case FLOAT16 -> DataType.FLOAT16;
            case BFLOAT16 -> DataType.BFLOAT16;
            case FLOAT64, INT32, UINT8 -> throw new Unsupported(operation, buffers);
        };
    }

    private static long float32(String operation, Buffer buffer) {
        if (buffer.dtype() != DType.FLOAT32) {
            throw new Unsupported(operation, buffer);
        }
        return address(buffer);
    }

    private static OptionalLong address(Optional<Buffer> buffer) {
        return buffer.map(Cuda::address).map(OptionalLong::of).orElseGet(OptionalLong::empty);
    }

    private static long address(Buffer buffer) {
        return switch (buffer) {
            case DeviceBuffer onDevice -> onDevice.address();
            case HostBuffer _ ->
                    throw new IllegalArgumentException(
                            "cuda: a tensor of another device; all tensors of an operation must lie on one");
        };
    }
}
