package athanor.kernels.cuda.jcuda;

import static jcuda.jcudnn.JCudnn.*;

import athanor.kernels.convolve.ConvolutionGeometry;
import athanor.kernels.cuda.CudaError;
import athanor.kernels.cuda.DataType;
import athanor.kernels.cuda.Dnn.Descriptor;
import java.util.Arrays;
import jcuda.jcudnn.cudnnConvolutionDescriptor;
import jcuda.jcudnn.cudnnConvolutionMode;
import jcuda.jcudnn.cudnnDataType;
import jcuda.jcudnn.cudnnFilterDescriptor;
import jcuda.jcudnn.cudnnMathType;
import jcuda.jcudnn.cudnnTensorDescriptor;
import jcuda.jcudnn.cudnnTensorFormat;

/// cuDNN's four descriptors of a convolution, and one of a bias. Needs no GPU, only the library.
record Descriptors(
        cudnnTensorDescriptor x,
        cudnnFilterDescriptor w,
        cudnnConvolutionDescriptor convolution,
        cudnnTensorDescriptor y,
        cudnnTensorDescriptor bias) {

    /// @throws athanor.kernels.cuda.CudaError where cuDNN finds other output sizes than the
    ///     geometry does, or refuses a size
    static Descriptors of(Descriptor descriptor) {
        Descriptors descriptors =
                new Descriptors(
                        new cudnnTensorDescriptor(),
                        new cudnnFilterDescriptor(),
                        new cudnnConvolutionDescriptor(),
                        new cudnnTensorDescriptor(),
                        new cudnnTensorDescriptor());
        descriptors.set(descriptor);
        return descriptors;
    }

    private void set(Descriptor descriptor) {
        ConvolutionGeometry g = descriptor.geometry();
        int type = code(descriptor.type());
        image(x, type, g.batch(), g.channels(), g.height(), g.width());
        image(y, type, g.batch(), g.filters(), g.outputHeight(), g.outputWidth());
        image(bias, type, 1, g.filters(), 1, 1);
        Status.dnn(cudnnCreateFilterDescriptor(w), "cudnnCreateFilterDescriptor");
        Status.dnn(
                cudnnSetFilter4dDescriptor(
                        w,
                        type,
                        cudnnTensorFormat.CUDNN_TENSOR_NHWC,
                        g.filters(),
                        g.groupChannels(),
                        g.filterHeight(),
                        g.filterWidth()),
                "cudnnSetFilter4dDescriptor",
                "convolution",
                g);
        Status.dnn(
                cudnnCreateConvolutionDescriptor(convolution), "cudnnCreateConvolutionDescriptor");
        Status.dnn(
                cudnnSetConvolution2dDescriptor(
                        convolution,
                        g.paddingHeight(),
                        g.paddingWidth(),
                        g.strideHeight(),
                        g.strideWidth(),
                        g.dilationHeight(),
                        g.dilationWidth(),
                        cudnnConvolutionMode.CUDNN_CROSS_CORRELATION,
                        cudnnDataType.CUDNN_DATA_FLOAT),
                "cudnnSetConvolution2dDescriptor",
                "convolution",
                g);
        Status.dnn(
                cudnnSetConvolutionGroupCount(convolution, g.groups()),
                "cudnnSetConvolutionGroupCount",
                "groups",
                g.groups());
        int math =
                switch (descriptor.math()) {
                    case FMA -> cudnnMathType.CUDNN_FMA_MATH;
                    case TENSOR_OP -> cudnnMathType.CUDNN_TENSOR_OP_MATH;
                };
        Status.dnn(
                cudnnSetConvolutionMathType(convolution, math),
                "cudnnSetConvolutionMathType",
                "math",
                descriptor.math());
        requireSameOutput(g);
    }

    private static void image(cudnnTensorDescriptor tensor, int type, int n, int c, int h, int w) {
        Status.dnn(cudnnCreateTensorDescriptor(tensor), "cudnnCreateTensorDescriptor");
        Status.dnn(
                cudnnSetTensor4dDescriptor(
                        tensor, cudnnTensorFormat.CUDNN_TENSOR_NHWC, type, n, c, h, w),
                "cudnnSetTensor4dDescriptor",
                "n",
                n,
                "c",
                c,
                "h",
                h,
                "w",
                w);
    }

    private static int code(DataType type) {
        return switch (type) {
            case FLOAT32 -> cudnnDataType.CUDNN_DATA_FLOAT;
            case FLOAT16 -> cudnnDataType.CUDNN_DATA_HALF;
            case BFLOAT16 -> cudnnDataType.CUDNN_DATA_BFLOAT16;
        };
    }

    private void requireSameOutput(ConvolutionGeometry g) {
        int[] n = new int[1];
        int[] c = new int[1];
        int[] height = new int[1];
        int[] width = new int[1];
        Status.dnn(
                cudnnGetConvolution2dForwardOutputDim(convolution, x, w, n, c, height, width),
                "cudnnGetConvolution2dForwardOutputDim",
                "convolution",
                g);
        int[] theirs = {n[0], c[0], height[0], width[0]};
        int[] ours = {g.batch(), g.filters(), g.outputHeight(), g.outputWidth()};
        if (!Arrays.equals(theirs, ours)) {
            throw new CudaError(
                    "cudnnGetConvolution2dForwardOutputDim",
                    g.toString(),
                    "CUDNN_STATUS_BAD_PARAM",
                    "cuDNN writes n, c, h, w of %s, not %s"
                            .formatted(Arrays.toString(theirs), Arrays.toString(ours)));
        }
    }

    void destroy() {
        cudnnDestroyTensorDescriptor(x);
        cudnnDestroyFilterDescriptor(w);
        cudnnDestroyConvolutionDescriptor(convolution);
        cudnnDestroyTensorDescriptor(y);
        cudnnDestroyTensorDescriptor(bias);
    }
}
