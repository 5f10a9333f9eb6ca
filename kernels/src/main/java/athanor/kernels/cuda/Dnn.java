package athanor.kernels.cuda;

import athanor.kernels.convolve.ConvolutionGeometry;
import athanor.kernels.cuda.Driver.Stream;

/// Convolutions of NHWC images on a GPU as cuDNN does them, asynchronously in the stream it is
/// bound to. Images are `[N, H, W, C]`, filters `[K, R, S, C / groups]`, packed; the geometry's
/// formula is cuDNN's cross-correlation.
///
/// Results are `alpha times the convolution + beta times what was there`; with beta 0 nothing is
/// read. Everything is allocated by the caller, the workspace too: it holds intermediate numbers
/// during the call, and one workspace a stream is enough. Each algorithm adds in the same order at
/// each run; those of cuDNN that do not are not to be had here.
public interface Dnn extends AutoCloseable {

    /// What a convolution computes.
    enum Pass {
        FORWARD,
        DATA_GRADIENT,
        FILTER_GRADIENT
    }

    /// The deterministic algorithms that take NHWC, each for one pass. Left out, because their sums
    /// go through atomic additions: `BWD_DATA_ALGO_0`, `BWD_FILTER_ALGO_0` and `_3`.
    enum Algorithm {
        /// `FWD_ALGO_IMPLICIT_GEMM`: no workspace.
        IMPLICIT_GEMM(Pass.FORWARD),
        /// `FWD_ALGO_IMPLICIT_PRECOMP_GEMM`: tensor cores, and addresses worked out beforehand.
        IMPLICIT_PRECOMP_GEMM(Pass.FORWARD),
        /// `BWD_DATA_ALGO_1`.
        DATA_GRADIENT_1(Pass.DATA_GRADIENT),
        /// `BWD_FILTER_ALGO_1`.
        FILTER_GRADIENT_1(Pass.FILTER_GRADIENT);

        private final Pass pass;

        Algorithm(Pass pass) {
            this.pass = pass;
        }

        public Pass pass() {
            return pass;
        }

        /// Refuses another pass than its own.
        public void require(Pass wanted) {
            if (wanted != pass) {
                throw new IllegalArgumentException(
                        "%s is for %s, not for %s".formatted(this, pass, wanted));
            }
        }
    }

    /// How products are formed.
    enum MathType {
        /// Products and sums of float32 numbers are float32 (`CUDNN_FMA_MATH`).
        FMA,
        /// Tensor cores; float32 numbers are rounded to TF32 for them since sm_80.
        TENSOR_OP
    }

    /// What follows a convolution in [#biasActivation].
    enum Activation {
        IDENTITY,
        RELU
    }

    /// A convolution. Images and filters have the type; sums are float32.
    record Descriptor(ConvolutionGeometry geometry, DataType type, MathType math) {}

    /// Sends all further work to the stream.
    void bind(Stream stream);

    /// Bytes of workspace that the algorithm needs for this convolution; depends on the shapes and
    /// the device alone. At least 0.
    ///
    /// @throws CudaError with status `CUDNN_STATUS_NOT_SUPPORTED` where it does not do this one
    long workspaceBytes(Descriptor convolution, Algorithm algorithm);

    /// Writes y.
    void forward(
            Descriptor convolution,
            Algorithm algorithm,
            float alpha,
            long x,
            long w,
            float beta,
            long y,
            long workspace,
            long workspaceBytes);

    /// Writes dx.
    void dataGradient(
            Descriptor convolution,
            Algorithm algorithm,
            float alpha,
            long w,
            long dy,
            float beta,
            long dx,
            long workspace,
            long workspaceBytes);

    /// Writes dw.
    void filterGradient(
            Descriptor convolution,
            Algorithm algorithm,
            float alpha,
            long x,
            long dy,
            float beta,
            long dw,
            long workspace,
            long workspaceBytes);

    /// `y = activation(convolution + addScale z + bias)`, for inference. z has y's shape, and may
    /// be y; with addScale 0 it is not read, and any address of y's size will do. The bias has one
    /// number of the type for each filter. IDENTITY asks for
    /// [Algorithm#IMPLICIT_PRECOMP_GEMM].
    void biasActivation(
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
            long workspaceBytes);

    @Override
    void close();
}
