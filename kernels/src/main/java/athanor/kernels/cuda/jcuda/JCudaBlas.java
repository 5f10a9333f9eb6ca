package athanor.kernels.cuda.jcuda;

import static jcuda.jcublas.JCublas2.*;

import athanor.kernels.cuda.Blas;
import athanor.kernels.cuda.DataType;
import athanor.kernels.cuda.Driver.Stream;
import jcuda.Pointer;
import jcuda.cudaDataType;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasGemmAlgo;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasMath;
import jcuda.jcublas.cublasOperation;
import jcuda.runtime.cudaStream_t;

/// cuBLAS on the device of a driver.
public final class JCudaBlas implements Blas {
    private final JCudaDriver driver;
    private final cublasHandle handle = new cublasHandle();
    private boolean closed;

    /// @throws athanor.kernels.cuda.CudaUnavailable where cuBLAS cannot be loaded
    public JCudaBlas(JCudaDriver driver) {
        Library.BLAS.load();
        this.driver = driver;
        driver.enter();
        Status.blas(cublasCreate(handle), "cublasCreate");
        allowTf32(false);
    }

    @Override
    public void bind(Stream stream, long workspace, long workspaceBytes) {
        driver.enter();
        Status.blas(
                cublasSetStream(handle, new cudaStream_t(driver.stream(stream))),
                "cublasSetStream");
        // After the stream: setting that takes the workspace away.
        Status.blas(
                cublasSetWorkspace(handle, new Address(workspace), workspaceBytes),
                "cublasSetWorkspace",
                "workspace",
                workspace,
                "bytes",
                workspaceBytes);
    }

    @Override
    public void allowTf32(boolean allowed) {
        driver.enter();
        // Parts of a sum of 16-bit numbers stay float32 as well.
        int mode =
                (allowed ? cublasMath.CUBLAS_TF32_TENSOR_OP_MATH : cublasMath.CUBLAS_DEFAULT_MATH)
                        | cublasMath.CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION;
        Status.blas(cublasSetMathMode(handle, mode), "cublasSetMathMode", "mode", mode);
    }

    @Override
    public void gemm(
            Operation operationA,
            Operation operationB,
            int m,
            int n,
            int k,
            float alpha,
            long a,
            int lda,
            long b,
            int ldb,
            float beta,
            long c,
            int ldc) {
        driver.enter();
        Status.blas(
                cublasSgemm(
                        handle,
                        code(operationA),
                        code(operationB),
                        m,
                        n,
                        k,
                        host(alpha),
                        new Address(a),
                        lda,
                        new Address(b),
                        ldb,
                        host(beta),
                        new Address(c),
                        ldc),
                "cublasSgemm",
                sizes(operationA, operationB, m, n, k, lda, ldb, ldc));
    }

    @Override
    public void gemmStridedBatched(
            Operation operationA,
            Operation operationB,
            int m,
            int n,
            int k,
            float alpha,
            long a,
            int lda,
            long strideA,
            long b,
            int ldb,
            long strideB,
            float beta,
            long c,
            int ldc,
            long strideC,
            int batch) {
        driver.enter();
        Status.blas(
                cublasSgemmStridedBatched(
                        handle,
                        code(operationA),
                        code(operationB),
                        m,
                        n,
                        k,
                        host(alpha),
                        new Address(a),
                        lda,
                        strideA,
                        new Address(b),
                        ldb,
                        strideB,
                        host(beta),
                        new Address(c),
                        ldc,
                        strideC,
                        batch),
                "cublasSgemmStridedBatched",
                sizes(operationA, operationB, m, n, k, lda, ldb, ldc));
    }

    @Override
    public void gemmEx(
            Operation operationA,
            Operation operationB,
            int m,
            int n,
            int k,
            float alpha,
            long a,
            DataType type,
            int lda,
            long b,
            int ldb,
            float beta,
            long c,
            DataType typeC,
            int ldc) {
        driver.enter();
        Status.blas(
                cublasGemmEx_new(
                        handle,
                        code(operationA),
                        code(operationB),
                        m,
                        n,
                        k,
                        host(alpha),
                        new Address(a),
                        code(type),
                        lda,
                        new Address(b),
                        code(type),
                        ldb,
                        host(beta),
                        new Address(c),
                        code(typeC),
                        ldc,
                        cublasComputeType.CUBLAS_COMPUTE_32F,
                        cublasGemmAlgo.CUBLAS_GEMM_DEFAULT),
                "cublasGemmEx",
                sizes(operationA, operationB, m, n, k, lda, ldb, ldc));
    }

    private static Pointer host(float scalar) {
        return Pointer.to(new float[] {scalar});
    }

    private static int code(Operation operation) {
        return switch (operation) {
            case NONE -> cublasOperation.CUBLAS_OP_N;
            case TRANSPOSE -> cublasOperation.CUBLAS_OP_T;
        };
    }

    private static int code(DataType type) {
        return switch (type) {
            case FLOAT32 -> cudaDataType.CUDA_R_32F;
            case FLOAT16 -> cudaDataType.CUDA_R_16F;
            case BFLOAT16 -> cudaDataType.CUDA_R_16BF;
        };
    }

    private static Object[] sizes(
            Operation operationA,
            Operation operationB,
            int m,
            int n,
            int k,
            int lda,
            int ldb,
            int ldc) {
        return new Object[] {
            "A",
            operationA,
            "B",
            operationB,
            "m",
            m,
            "n",
            n,
            "k",
            k,
            "lda",
            lda,
            "ldb",
            ldb,
            "ldc",
            ldc
        };
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            driver.enter();
            Status.blas(cublasDestroy(handle), "cublasDestroy");
        }
    }
}
