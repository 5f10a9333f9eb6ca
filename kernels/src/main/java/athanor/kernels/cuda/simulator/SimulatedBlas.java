package athanor.kernels.cuda.simulator;

import athanor.kernels.cuda.Blas;
import athanor.kernels.cuda.CudaError;
import athanor.kernels.cuda.DataType;
import athanor.kernels.cuda.Driver.Stream;
import athanor.kernels.matmul.Gemm;
import org.jspecify.annotations.Nullable;

/// cuBLAS on a simulated device: refuses what cuBLAS refuses, with its status, and what it would
/// compute wrongly without a word.
public final class SimulatedBlas implements Blas {
    private static final String INVALID = "CUBLAS_STATUS_INVALID_VALUE";
    private static final int WORKSPACE_ALIGNMENT = 256;

    /// A matrix as the call describes it, before `op`.
    private record Matrix(
            String name, long address, DataType type, int rows, int columns, int leading) {

        /// Bytes from its first number to its last.
        long bytes() {
            return rows == 0 || columns == 0
                    ? 0
                    : ((long) leading * (columns - 1) + rows) * type.bytes();
        }

        Matrix at(long place) {
            return new Matrix(name, place, type, rows, columns, leading);
        }
    }

    private final DeviceAccess device;
    private final TypedMemory memory;
    private @Nullable Stream stream;
    private boolean tf32;
    private boolean closed;

    public SimulatedBlas(DeviceAccess device) {
        this.device = device;
        this.memory = new TypedMemory(device);
    }

    @Override
    public void bind(Stream bound, long workspace, long workspaceBytes) {
        requireOpen("cublasSetStream");
        if (workspace % WORKSPACE_ALIGNMENT != 0) {
            throw new CudaError(
                    "cublasSetWorkspace",
                    "workspace %#x".formatted(workspace),
                    INVALID,
                    "it must be a multiple of 256");
        }
        device.require(workspace, workspaceBytes, "the workspace of cublasSetWorkspace");
        // A foreign stream is refused here, not at the first product.
        device.submit(bound, "cublasSetStream", () -> {});
        stream = bound;
    }

    @Override
    public void allowTf32(boolean allowed) {
        requireOpen("cublasSetMathMode");
        tf32 = allowed;
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
        multiply(
                "cublasSgemm",
                operationA,
                operationB,
                k,
                alpha,
                stored("A", a, DataType.FLOAT32, operationA, m, k, lda),
                0,
                stored("B", b, DataType.FLOAT32, operationB, k, n, ldb),
                0,
                beta,
                new Matrix("C", c, DataType.FLOAT32, m, n, ldc),
                0,
                1);
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
        multiply(
                "cublasSgemmStridedBatched",
                operationA,
                operationB,
                k,
                alpha,
                stored("A", a, DataType.FLOAT32, operationA, m, k, lda),
                strideA,
                stored("B", b, DataType.FLOAT32, operationB, k, n, ldb),
                strideB,
                beta,
                new Matrix("C", c, DataType.FLOAT32, m, n, ldc),
                strideC,
                batch);
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
        String call = "cublasGemmEx";
        if (typeC != type && typeC != DataType.FLOAT32) {
            throw new CudaError(
                    call,
                    "A and B %s, C %s".formatted(type, typeC),
                    "CUBLAS_STATUS_NOT_SUPPORTED",
                    "C has the type of A and B, or FLOAT32");
        }
        memory.requireType(call, "CUBLAS_STATUS_ARCH_MISMATCH", type);
        multiply(
                call,
                operationA,
                operationB,
                k,
                alpha,
                stored("A", a, type, operationA, m, k, lda),
                0,
                stored("B", b, type, operationB, k, n, ldb),
                0,
                beta,
                new Matrix("C", c, typeC, m, n, ldc),
                0,
                1);
    }

    /// The matrix in memory whose `op` has so many rows and columns.
    private static Matrix stored(
            String name, long address, DataType type, Operation op, int rows, int columns, int ld) {
        return op == Operation.NONE
                ? new Matrix(name, address, type, rows, columns, ld)
                : new Matrix(name, address, type, columns, rows, ld);
    }

    private void multiply(
            String call,
            Operation operationA,
            Operation operationB,
            int k,
            float alpha,
            Matrix a,
            long strideA,
            Matrix b,
            long strideB,
            float beta,
            Matrix c,
            long strideC,
            int batch) {
        Stream bound = bound(call);
        requireAtLeast(call, "batch", batch, 0);
        if (batch > 1 && strideC * c.type().bytes() < c.bytes()) {
            throw new CudaError(
                    call,
                    "strideC %d, C %d x %d, ldc %d"
                            .formatted(strideC, c.rows(), c.columns(), c.leading()),
                    INVALID,
                    "results of the batch would overlap");
        }
        requireMatrix(call, a, strideA, batch);
        requireMatrix(call, b, strideB, batch);
        requireMatrix(call, c, strideC, batch);
        long bytesC = bytes(c, strideC, batch);
        for (Matrix factor : new Matrix[] {a, b}) {
            long stride = factor == a ? strideA : strideB;
            TypedMemory.separate(
                    call,
                    INVALID,
                    factor.name(),
                    factor.address(),
                    bytes(factor, stride, batch),
                    "C",
                    c.address(),
                    bytesC);
        }
        boolean rounds = tf32 && a.type() == DataType.FLOAT32;
        device.submit(
                bound,
                call,
                () -> {
                    for (int i = 0; i < batch; i++) {
                        product(
                                operationA,
                                operationB,
                                k,
                                alpha,
                                a.at(a.address() + i * strideA * a.type().bytes()),
                                b.at(b.address() + i * strideB * b.type().bytes()),
                                beta,
                                c.at(c.address() + i * strideC * c.type().bytes()),
                                rounds);
                    }
                });
    }

    /// Read row after row, what is in memory are the transposed matrices: `C^T = op(B)^T op(A)^T`.
    private void product(
            Operation operationA,
            Operation operationB,
            int k,
            float alpha,
            Matrix a,
            Matrix b,
            float beta,
            Matrix c,
            boolean rounds) {
        float[] product = new float[c.rows() * c.columns()];
        if (alpha != 0) {
            float[] left = read(b);
            float[] right = read(a);
            if (rounds) {
                memory.roundToTf32(left);
                memory.roundToTf32(right);
            }
            Gemm.multiply(
                    operationB == Operation.TRANSPOSE,
                    operationA == Operation.TRANSPOSE,
                    c.columns(),
                    c.rows(),
                    k,
                    left,
                    0,
                    b.leading(),
                    right,
                    0,
                    a.leading(),
                    product,
                    0,
                    c.rows(),
                    false);
        }
        float[] before = beta == 0 ? product : read(c);
        int leading = beta == 0 ? c.rows() : c.leading();
        for (int j = 0; j < c.columns(); j++) {
            for (int i = 0; i < c.rows(); i++) {
                int at = j * c.rows() + i;
                float old = beta == 0 ? 0 : beta * before[j * leading + i];
                product[at] = alpha * product[at] + old;
            }
        }
        memory.write(c.address(), c.type(), product, c.rows(), c.columns(), c.leading());
    }

    private float[] read(Matrix matrix) {
        return memory.read(
                matrix.address(), matrix.type(), matrix.rows(), matrix.columns(), matrix.leading());
    }

    private void requireOpen(String call) {
        if (closed) {
            throw new IllegalStateException(call + ": this handle is closed");
        }
    }

    /// The real one would take the default stream, which waits for nothing here.
    private Stream bound(String call) {
        requireOpen(call);
        if (stream == null) {
            throw new CudaError(call, "", INVALID, "bind a stream and a workspace first");
        }
        return stream;
    }

    private void requireMatrix(String call, Matrix matrix, long stride, int batch) {
        requireAtLeast(call, "rows of " + matrix.name(), matrix.rows(), 0);
        requireAtLeast(call, "columns of " + matrix.name(), matrix.columns(), 0);
        requireAtLeast(
                call,
                "leading dimension of " + matrix.name(),
                matrix.leading(),
                Math.max(1, matrix.rows()));
        requireAtLeast(call, "stride of " + matrix.name(), stride, 0);
        long bytes = bytes(matrix, stride, batch);
        if (bytes > 0) {
            int size = matrix.type().bytes();
            memory.require(call, matrix.name(), matrix.address(), bytes / size, matrix.type());
        }
    }

    private static long bytes(Matrix matrix, long stride, int batch) {
        return batch == 0 || matrix.bytes() == 0
                ? 0
                : (batch - 1) * stride * matrix.type().bytes() + matrix.bytes();
    }

    private static void requireAtLeast(String call, String what, long value, long least) {
        if (value < least) {
            throw new CudaError(
                    call,
                    "%s %d".formatted(what, value),
                    INVALID,
                    "it must be at least " + least + "; matrices lie column after column");
        }
    }

    @Override
    public void close() {
        closed = true;
    }
}
