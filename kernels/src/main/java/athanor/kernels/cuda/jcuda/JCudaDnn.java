package athanor.kernels.cuda.jcuda;

import static jcuda.jcudnn.JCudnn.*;

import athanor.kernels.cuda.Dnn;
import athanor.kernels.cuda.Driver.Stream;
import java.util.HashMap;
import java.util.Map;
import jcuda.Pointer;
import jcuda.jcudnn.cudnnActivationDescriptor;
import jcuda.jcudnn.cudnnActivationMode;
import jcuda.jcudnn.cudnnConvolutionBwdDataAlgo;
import jcuda.jcudnn.cudnnConvolutionBwdFilterAlgo;
import jcuda.jcudnn.cudnnConvolutionFwdAlgo;
import jcuda.jcudnn.cudnnHandle;
import jcuda.jcudnn.cudnnNanPropagation;
import jcuda.runtime.cudaStream_t;

/// cuDNN on the device of a driver. A network has few different convolutions: their descriptors are
/// kept.
public final class JCudaDnn implements Dnn {
    private final JCudaDriver driver;
    private final cudnnHandle handle = new cudnnHandle();
    private final Map<Descriptor, Descriptors> known = new HashMap<>();
    private final Map<Activation, cudnnActivationDescriptor> activations = new HashMap<>();
    private boolean closed;

    /// @throws athanor.kernels.cuda.CudaUnavailable where cuDNN cannot be loaded
    public JCudaDnn(JCudaDriver driver) {
        Library.DNN.load();
        this.driver = driver;
        driver.enter();
        Status.dnn(cudnnCreate(handle), "cudnnCreate");
    }

    @Override
    public void bind(Stream stream) {
        driver.enter();
        Status.dnn(
                cudnnSetStream(handle, new cudaStream_t(driver.stream(stream))), "cudnnSetStream");
    }

    private Descriptors enter(Descriptor convolution, Algorithm algorithm, Pass pass) {
        algorithm.require(pass);
        driver.enter();
        return known.computeIfAbsent(convolution, Descriptors::of);
    }

    private static int code(Algorithm algorithm) {
        return switch (algorithm) {
            case IMPLICIT_GEMM -> cudnnConvolutionFwdAlgo.CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM;
            case IMPLICIT_PRECOMP_GEMM ->
                    cudnnConvolutionFwdAlgo.CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
            case DATA_GRADIENT_1 -> cudnnConvolutionBwdDataAlgo.CUDNN_CONVOLUTION_BWD_DATA_ALGO_1;
            case FILTER_GRADIENT_1 ->
                    cudnnConvolutionBwdFilterAlgo.CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1;
        };
    }

    private static Pointer host(float scalar) {
        return Pointer.to(new float[] {scalar});
    }

    @Override
    public long workspaceBytes(Descriptor convolution, Algorithm algorithm) {
        Descriptors d = enter(convolution, algorithm, algorithm.pass());
        long[] bytes = new long[1];
        int code = code(algorithm);
        int status =
                switch (algorithm.pass()) {
                    case FORWARD ->
                            cudnnGetConvolutionForwardWorkspaceSize(
                                    handle, d.x(), d.w(), d.convolution(), d.y(), code, bytes);
                    case DATA_GRADIENT ->
                            cudnnGetConvolutionBackwardDataWorkspaceSize(
                                    handle, d.w(), d.y(), d.convolution(), d.x(), code, bytes);
                    case FILTER_GRADIENT ->
                            cudnnGetConvolutionBackwardFilterWorkspaceSize(
                                    handle, d.x(), d.y(), d.convolution(), d.w(), code, bytes);
                };
        Status.dnn(
                status,
                "cudnnGetConvolutionWorkspaceSize",
                "algorithm",
                algorithm,
                "convolution",
                convolution);
        return bytes[0];
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
        Descriptors d = enter(convolution, algorithm, Pass.FORWARD);
        Status.dnn(
                cudnnConvolutionForward(
                        handle,
                        host(alpha),
                        d.x(),
                        new Address(x),
                        d.w(),
                        new Address(w),
                        d.convolution(),
                        code(algorithm),
                        new Address(workspace),
                        workspaceBytes,
                        host(beta),
                        d.y(),
                        new Address(y)),
                "cudnnConvolutionForward",
                "algorithm",
                algorithm,
                "convolution",
                convolution);
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
        Descriptors d = enter(convolution, algorithm, Pass.DATA_GRADIENT);
        Status.dnn(
                cudnnConvolutionBackwardData(
                        handle,
                        host(alpha),
                        d.w(),
                        new Address(w),
                        d.y(),
                        new Address(dy),
                        d.convolution(),
                        code(algorithm),
                        new Address(workspace),
                        workspaceBytes,
                        host(beta),
                        d.x(),
                        new Address(dx)),
                "cudnnConvolutionBackwardData",
                "algorithm",
                algorithm,
                "convolution",
                convolution);
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
        Descriptors d = enter(convolution, algorithm, Pass.FILTER_GRADIENT);
        Status.dnn(
                cudnnConvolutionBackwardFilter(
                        handle,
                        host(alpha),
                        d.x(),
                        new Address(x),
                        d.y(),
                        new Address(dy),
                        d.convolution(),
                        code(algorithm),
                        new Address(workspace),
                        workspaceBytes,
                        host(beta),
                        d.w(),
                        new Address(dw)),
                "cudnnConvolutionBackwardFilter",
                "algorithm",
                algorithm,
                "convolution",
                convolution);
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
        Descriptors d = enter(convolution, algorithm, Pass.FORWARD);
        Status.dnn(
                cudnnConvolutionBiasActivationForward(
                        handle,
                        host(1),
                        d.x(),
                        new Address(x),
                        d.w(),
                        new Address(w),
                        d.convolution(),
                        code(algorithm),
                        new Address(workspace),
                        workspaceBytes,
                        host(addScale),
                        d.y(),
                        new Address(z),
                        d.bias(),
                        new Address(bias),
                        activations.computeIfAbsent(activation, JCudaDnn::describe),
                        d.y(),
                        new Address(y)),
                "cudnnConvolutionBiasActivationForward",
                "algorithm",
                algorithm,
                "convolution",
                convolution);
    }

    private static cudnnActivationDescriptor describe(Activation activation) {
        cudnnActivationDescriptor descriptor = new cudnnActivationDescriptor();
        Status.dnn(cudnnCreateActivationDescriptor(descriptor), "cudnnCreateActivationDescriptor");
        int mode =
                switch (activation) {
                    case IDENTITY -> cudnnActivationMode.CUDNN_ACTIVATION_IDENTITY;
                    case RELU -> cudnnActivationMode.CUDNN_ACTIVATION_RELU;
                };
        Status.dnn(
                cudnnSetActivationDescriptor(
                        descriptor, mode, cudnnNanPropagation.CUDNN_PROPAGATE_NAN, 0),
                "cudnnSetActivationDescriptor");
        return descriptor;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        driver.enter();
        known.values().forEach(Descriptors::destroy);
        activations.values().forEach(activation -> cudnnDestroyActivationDescriptor(activation));
        Status.dnn(cudnnDestroy(handle), "cudnnDestroy");
    }
}
