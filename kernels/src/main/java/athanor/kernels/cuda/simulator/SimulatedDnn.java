package athanor.kernels.cuda.simulator;

import athanor.kernels.convolve.Convolution;
import athanor.kernels.convolve.ConvolutionGeometry;
import athanor.kernels.cuda.CudaError;
import athanor.kernels.cuda.DataType;
import athanor.kernels.cuda.Dnn;
import athanor.kernels.cuda.Driver.Stream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// cuDNN on a simulated device: refuses what cuDNN refuses, with its status, and what it would
/// compute wrongly without a word. The sizes of workspaces are not cuDNN's, but depend on the
/// shapes as theirs do; what is in a workspace is destroyed.
public final class SimulatedDnn implements Dnn {
    private static final String BAD = "CUDNN_STATUS_BAD_PARAM";
    private static final String UNSUPPORTED = "CUDNN_STATUS_NOT_SUPPORTED";
    private static final int WORKSPACE_STEP = 256;

    /// Computes the result from two operands of a convolution, all packed.
    private interface Compute {
        void run(ConvolutionGeometry g, float[] first, float[] second, float[] result);
    }

    /// One of the three tensors of a convolution, or a bias.
    private record Operand(String name, long address, long count, DataType type) {
        long bytes() {
            return count * type.bytes();
        }
    }

    private final DeviceAccess device;
    private final TypedMemory memory;
    private @Nullable Stream stream;
    private boolean closed;

    public SimulatedDnn(DeviceAccess device) {
        this.device = device;
        this.memory = new TypedMemory(device);
    }

    @Override
    public void bind(Stream bound) {
        requireOpen("cudnnSetStream");
        device.submit(bound, "cudnnSetStream", () -> {});
        stream = bound;
    }

    @Override
    public long workspaceBytes(Descriptor convolution, Algorithm algorithm) {
        begin("cudnnGetConvolutionWorkspaceSize", convolution, algorithm, algorithm.pass());
        ConvolutionGeometry g = convolution.geometry();
        long numbers =
                switch (algorithm) {
                    case IMPLICIT_GEMM -> 0;
                    case IMPLICIT_PRECOMP_GEMM -> g.filterLength();
                    case DATA_GRADIENT_1, FILTER_GRADIENT_1 ->
                            (long) g.filters() * g.filterLength();
                };
        long bytes = numbers * Float.BYTES;
        return (bytes + WORKSPACE_STEP - 1) / WORKSPACE_STEP * WORKSPACE_STEP;
    }

    @Override
    public void forward(
            Descriptor convolution,
            Algorithm algorithm,
            float alpha,
            long x,
            long w,
            float beta,
            long y,
            long workspace,
            long workspaceBytes) {
        String call = "cudnnConvolutionForward";
        begin(call, convolution, algorithm, Pass.FORWARD);
        convolve(
                call,
                convolution,
                algorithm,
                alpha,
                x(convolution, "x", x),
                w(convolution, "w", w),
                beta,
                y(convolution, "y", y),
                workspace,
                workspaceBytes,
                Convolution::forward);
    }

    @Override
    public void dataGradient(
            Descriptor convolution,
            Algorithm algorithm,
            float alpha,
            long w,
            long dy,
            float beta,
            long dx,
            long workspace,
            long workspaceBytes) {
        String call = "cudnnConvolutionBackwardData";
        begin(call, convolution, algorithm, Pass.DATA_GRADIENT);
        convolve(
                call,
                convolution,
                algorithm,
                alpha,
                w(convolution, "w", w),
                y(convolution, "dy", dy),
                beta,
                x(convolution, "dx", dx),
                workspace,
                workspaceBytes,
                (g, filters, gradient, result) ->
                        Convolution.inputGradient(g, gradient, filters, result));
    }

    @Override
    public void filterGradient(
            Descriptor convolution,
            Algorithm algorithm,
            float alpha,
            long x,
            long dy,
            float beta,
            long dw,
            long workspace,
            long workspaceBytes) {
        String call = "cudnnConvolutionBackwardFilter";
        begin(call, convolution, algorithm, Pass.FILTER_GRADIENT);
        convolve(
                call,
                convolution,
                algorithm,
                alpha,
                x(convolution, "x", x),
                y(convolution, "dy", dy),
                beta,
                w(convolution, "dw", dw),
                workspace,
                workspaceBytes,
                Convolution::filterGradient);
    }

    @Override
    public void biasActivation(
            Descriptor convolution,
            Algorithm algorithm,
            long x,
            long w,
            float addScale,
            long z,
            long bias,
            Activation activation,
            long y,
            long workspace,
            long workspaceBytes) {
        String call = "cudnnConvolutionBiasActivationForward";
        begin(call, convolution, algorithm, Pass.FORWARD);
        if (activation == Activation.IDENTITY && algorithm != Algorithm.IMPLICIT_PRECOMP_GEMM) {
            throw new CudaError(
                    call,
                    "IDENTITY, " + algorithm,
                    UNSUPPORTED,
                    "IDENTITY goes with IMPLICIT_PRECOMP_GEMM alone");
        }
        Operand images = x(convolution, "x", x);
        Operand filters = w(convolution, "w", w);
        Operand output = y(convolution, "y", y);
        Operand added = y(convolution, "z", z);
        int channels = convolution.geometry().filters();
        Operand biases = new Operand("bias", bias, channels, convolution.type());
        Stream bound =
                check(
                        call,
                        convolution,
                        algorithm,
                        workspace,
                        workspaceBytes,
                        output,
                        images,
                        filters,
                        added,
                        biases);
        device.submit(
                bound,
                call,
                () -> {
                    float[] result =
                            compute(convolution, images, filters, output, Convolution::forward);
                    float[] shift = read(biases);
                    float[] other = addScale == 0 ? new float[0] : read(added);
                    for (int i = 0; i < result.length; i++) {
                        float sum = result[i] + (addScale == 0 ? 0 : addScale * other[i]);
                        sum += shift[i % channels];
                        result[i] = activation == Activation.RELU ? Math.max(sum, 0) : sum;
                    }
                    destroy(workspace, workspaceBytes);
                    write(output, result);
                });
    }

    private void convolve(
            String call,
            Descriptor convolution,
            Algorithm algorithm,
            float alpha,
            Operand first,
            Operand second,
            float beta,
            Operand output,
            long workspace,
            long workspaceBytes,
            Compute compute) {
        Stream bound =
                check(
                        call,
                        convolution,
                        algorithm,
                        workspace,
                        workspaceBytes,
                        output,
                        first,
                        second);
        device.submit(
                bound,
                call,
                () -> {
                    float[] result = compute(convolution, first, second, output, compute);
                    float[] before = beta == 0 ? new float[0] : read(output);
                    for (int i = 0; i < result.length; i++) {
                        result[i] = alpha * result[i] + (beta == 0 ? 0 : beta * before[i]);
                    }
                    destroy(workspace, workspaceBytes);
                    write(output, result);
                });
    }

    private float[] compute(
            Descriptor convolution,
            Operand first,
            Operand second,
            Operand output,
            Compute compute) {
        float[] left = read(first);
        float[] right = read(second);
        if (convolution.math() == MathType.TENSOR_OP && convolution.type() == DataType.FLOAT32) {
            memory.roundToTf32(left);
            memory.roundToTf32(right);
        }
        float[] result = new float[Math.toIntExact(output.count())];
        compute.run(convolution.geometry(), left, right, result);
        return result;
    }

    /// Inputs may not share bytes with the output; z may be the output itself.
    private Stream check(
            String call,
            Descriptor convolution,
            Algorithm algorithm,
            long workspace,
            long workspaceBytes,
            Operand output,
            Operand... inputs) {
        if (stream == null) {
            throw new CudaError(call, "", BAD, "bind a stream first");
        }
        long needed = workspaceBytes(convolution, algorithm);
        if (workspaceBytes < needed) {
            throw new CudaError(
                    call,
                    "%s, workspace of %d bytes".formatted(algorithm, workspaceBytes),
                    BAD,
                    "it needs %d, as workspaceBytes says".formatted(needed));
        }
        Operand scratch =
                new Operand("workspace", workspace, workspaceBytes / Float.BYTES, DataType.FLOAT32);
        if (workspaceBytes > 0) {
            device.require(workspace, workspaceBytes, "the workspace of " + call);
        }
        require(call, output);
        separate(call, scratch, output);
        for (Operand input : inputs) {
            require(call, input);
            separate(call, scratch, input);
            if (!input.name().equals("z") || input.address() != output.address()) {
                separate(call, input, output);
            }
        }
        return stream;
    }

    private void begin(String call, Descriptor convolution, Algorithm algorithm, Pass pass) {
        requireOpen(call);
        algorithm.require(pass);
        requireDescriptor(call, convolution);
    }

    private void requireOpen(String call) {
        if (closed) {
            throw new IllegalStateException(call + ": this handle is closed");
        }
    }

    private void requireDescriptor(String call, Descriptor convolution) {
        ConvolutionGeometry g = convolution.geometry();
        int[] positive = {
            g.batch(),
            g.height(),
            g.width(),
            g.channels(),
            g.filters(),
            g.filterHeight(),
            g.filterWidth(),
            g.strideHeight(),
            g.strideWidth(),
            g.dilationHeight(),
            g.dilationWidth(),
            g.groups()
        };
        boolean sound =
                Arrays.stream(positive).allMatch(size -> size > 0)
                        && Math.min(g.paddingHeight(), g.paddingWidth()) >= 0
                        && g.channels() % g.groups() == 0
                        && g.filters() % g.groups() == 0
                        && Math.min(g.outputHeight(), g.outputWidth()) > 0;
        if (!sound) {
            throw new CudaError(
                    call,
                    g.toString(),
                    BAD,
                    "sizes and output sizes are positive, groups divide channels and filters");
        }
        memory.requireType(call, "CUDNN_STATUS_ARCH_MISMATCH", convolution.type());
    }

    private static Operand x(Descriptor convolution, String name, long address) {
        ConvolutionGeometry g = convolution.geometry();
        long count = (long) g.batch() * g.height() * g.width() * g.channels();
        return new Operand(name, address, count, convolution.type());
    }

    private static Operand w(Descriptor convolution, String name, long address) {
        ConvolutionGeometry g = convolution.geometry();
        long count = (long) g.filters() * g.filterLength();
        return new Operand(name, address, count, convolution.type());
    }

    private static Operand y(Descriptor convolution, String name, long address) {
        ConvolutionGeometry g = convolution.geometry();
        long count = (long) g.outputRows() * g.filters();
        return new Operand(name, address, count, convolution.type());
    }

    private void require(String call, Operand operand) {
        memory.require(call, operand.name(), operand.address(), operand.count(), operand.type());
    }

    private static void separate(String call, Operand a, Operand b) {
        TypedMemory.separate(
                call, BAD, a.name(), a.address(), a.bytes(), b.name(), b.address(), b.bytes());
    }

    private float[] read(Operand operand) {
        int count = Math.toIntExact(operand.count());
        return memory.read(operand.address(), operand.type(), count, 1, count);
    }

    private void write(Operand operand, float[] numbers) {
        memory.write(operand.address(), operand.type(), numbers, numbers.length, 1, numbers.length);
    }

    /// Whoever keeps something in a workspace finds NaNs.
    private void destroy(long workspace, long workspaceBytes) {
        if (workspaceBytes > 0) {
            byte[] bytes = new byte[Math.toIntExact(workspaceBytes)];
            Arrays.fill(bytes, (byte) -1);
            device.write(workspace, bytes);
        }
    }

    @Override
    public void close() {
        closed = true;
    }
}
