package athanor.bench;

import athanor.engine.Backend;
import athanor.engine.Buffer;
import athanor.engine.HostBuffer;
import athanor.engine.MatrixProduct;
import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import org.ejml.data.FMatrixRMaj;
import org.ejml.dense.row.CommonOps_FDRM;
import org.ejml.dense.row.CommonOps_MT_FDRM;
import org.ojalgo.matrix.store.PhysicalStore;
import org.ojalgo.matrix.store.R032Store;
import org.ojalgo.matrix.store.R064Store;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/// `C = A B`, C being `m x n` and A `m x k`: ours, three loops on one thread, ojAlgo's with floats
/// and with doubles, EJML's on one thread and on all. The peers run on the CPU and are compared
/// with our CPU kernel.
public class GemmBenchmark extends KernelBenchmark {
    /// m x n x k.
    @Param({"1024x1024x1024", "2048x2048x2048", "4096x256x1024", "4096x1024x256", "64x128x1600"})
    public String size = "";

    @Param({"athanor", "plainLoop", "ojAlgoFloat", "ojAlgoDouble", "ejml", "ejmlThreads"})
    public String implementation = "";

    @Setup(Level.Trial)
    public void prepare() {
        int[] numbers = numbers(size, 3);
        int m = numbers[0];
        int n = numbers[1];
        int k = numbers[2];
        double work = 2.0 * m * n * k;
        if (implementation.equals("athanor")) {
            int few = checked(m, work / 2);
            check(NOTHING, gemm(few, n, k), few * k, k * n, few * n);
            time(work, NOTHING, gemm(m, n, k), m * k, k * n, m * n);
            return;
        }
        Buffer[] x = buffers(Backend.cpu(), m * k, k * n, m * n);
        gemm(m, n, k).run(Backend.cpu(), x);
        float[] a = ((HostBuffer) x[0]).floats();
        float[] b = ((HostBuffer) x[1]).floats();
        IntToDoubleFunction result =
                switch (implementation) {
                    case "plainLoop" -> {
                        float[] c = new float[m * n];
                        prepare(work, () -> multiply(m, n, k, a, b, c));
                        yield i -> c[i];
                    }
                    case "ojAlgoFloat" -> prepare(work, R032Store.FACTORY, m, n, k, a, b);
                    case "ojAlgoDouble" -> prepare(work, R064Store.FACTORY, m, n, k, a, b);
                    case "ejml" -> {
                        FMatrixRMaj c = new FMatrixRMaj(m, n);
                        FMatrixRMaj left = FMatrixRMaj.wrap(m, k, a);
                        FMatrixRMaj right = FMatrixRMaj.wrap(k, n, b);
                        prepare(work, () -> CommonOps_FDRM.mult(left, right, c));
                        yield i -> c.data[i];
                    }
                    case "ejmlThreads" -> {
                        FMatrixRMaj c = new FMatrixRMaj(m, n);
                        FMatrixRMaj left = FMatrixRMaj.wrap(m, k, a);
                        FMatrixRMaj right = FMatrixRMaj.wrap(k, n, b);
                        prepare(work, () -> CommonOps_MT_FDRM.mult(left, right, c));
                        yield i -> c.data[i];
                    }
                    default -> throw unknown("implementation", implementation);
                };
        check(implementation, m * n, result, ((HostBuffer) x[2])::get);
    }

    @Benchmark
    public void multiply(Arithmetic done) {
        run(done);
    }

    private static Kernel gemm(int m, int n, int k) {
        MatrixProduct sizes = new MatrixProduct(1, m, n, k, false, false, 0, 0, false);
        return (backend, x) -> backend.matmul(sizes, x[0], x[1], x[2]);
    }

    /// In the order of loops that the compiler turns into SIMD by itself.
    private static void multiply(int m, int n, int k, float[] a, float[] b, float[] c) {
        Arrays.fill(c, 0);
        for (int i = 0; i < m; i++) {
            for (int l = 0; l < k; l++) {
                float left = a[i * k + l];
                for (int j = 0; j < n; j++) {
                    c[i * n + j] += left * b[l * n + j];
                }
            }
        }
    }

    /// ojAlgo stores column after column, so that in its eyes our matrices are transposed: it
    /// multiplies `C' = B' A'`.
    private IntToDoubleFunction prepare(
            double work,
            PhysicalStore.Factory<Double, ?> factory,
            int m,
            int n,
            int k,
            float[] a,
            float[] b) {
        PhysicalStore<Double> left = factory.make(n, k);
        PhysicalStore<Double> right = factory.make(k, m);
        PhysicalStore<Double> result = factory.make(n, m);
        for (int i = 0; i < b.length; i++) {
            left.set(i, b[i]);
        }
        for (int i = 0; i < a.length; i++) {
            right.set(i, a[i]);
        }
        prepare(work, () -> result.fillByMultiplying(left, right));
        return result::doubleValue;
    }
}
