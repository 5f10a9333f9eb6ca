package athanor.kernels.cuda.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import athanor.kernels.cuda.Blas.Operation;
import athanor.kernels.cuda.DataType;
import athanor.kernels.cuda.Driver.Stream;
import athanor.kernels.cuda.FakeDriver;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SimulatedBlasTest {
    private static final Operation NONE = Operation.NONE;
    private static final Operation TRANSPOSE = Operation.TRANSPOSE;
    private static final int WORKSPACE = 4096;

    private final SplittableRandom random = new SplittableRandom(1);
    private final FakeDriver device = new FakeDriver(1 << 20);
    private final Stream stream = device.createStream();
    private final SimulatedBlas blas = new SimulatedBlas(device);

    @BeforeEach
    void bind() {
        blas.bind(stream, device.allocate(WORKSPACE), WORKSPACE);
    }

    private float[] numbers(int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = random.nextInt(-99, 100) / 64f;
        }
        return numbers;
    }

    private long put(float[] numbers) {
        long address = device.allocate(4L * numbers.length);
        device.at(address, 4L * numbers.length).copyFrom(MemorySegment.ofArray(numbers));
        return address;
    }

    private float[] get(long address, int count) {
        return device.at(address, 4L * count).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }

    /// The definition, column-major: element (row, column) at `row + column leading`.
    private static float[] expected(
            Operation operationA,
            Operation operationB,
            int[] sizes,
            float alpha,
            float[] a,
            int lda,
            float[] b,
            int ldb,
            float beta,
            float[] c,
            int ldc) {
        float[] result = c.clone();
        for (int i = 0; i < sizes[0]; i++) {
            for (int j = 0; j < sizes[1]; j++) {
                double sum = 0;
                for (int l = 0; l < sizes[2]; l++) {
                    double left = operationA == NONE ? a[i + l * lda] : a[l + i * lda];
                    double right = operationB == NONE ? b[l + j * ldb] : b[j + l * ldb];
                    sum += left * right;
                }
                double old = beta == 0 ? 0 : beta * c[i + j * ldc];
                result[i + j * ldc] = (float) (alpha * sum + old);
            }
        }
        return result;
    }

    @Test
    void productsAreThoseOfTheDefinitionAndGapsStayAsTheyAre() {
        for (int[] sizes : new int[][] {{1, 1, 1}, {3, 5, 2}, {17, 4, 9}, {4, 33, 16}, {2, 3, 0}}) {
            for (Operation operationA : Operation.values()) {
                for (Operation operationB : Operation.values()) {
                    for (float[] scalars : new float[][] {{1, 0}, {-0.5f, 2}, {0, 1}, {2, 1}}) {
                        compare(operationA, operationB, sizes, scalars[0], scalars[1]);
                    }
                }
            }
        }
    }

    private void compare(Operation opA, Operation opB, int[] sizes, float alpha, float beta) {
        int m = sizes[0];
        int n = sizes[1];
        int k = sizes[2];
        int lda = Math.max(1, opA == NONE ? m : k) + random.nextInt(3);
        int ldb = Math.max(1, opB == NONE ? k : n) + random.nextInt(3);
        int ldc = m + random.nextInt(3);
        float[] a = numbers(lda * Math.max(1, opA == NONE ? k : m));
        float[] b = numbers(ldb * Math.max(1, opB == NONE ? n : k));
        float[] c = numbers(ldc * n);
        if (beta == 0) {
            c[0] = Float.NaN;
        }
        long deviceA = put(a);
        long deviceB = put(b);
        long deviceC = put(c);
        blas.gemm(opA, opB, m, n, k, alpha, deviceA, lda, deviceB, ldb, beta, deviceC, ldc);
        assertThat(get(deviceC, c.length)).as("before the stream runs").isEqualTo(c);
        device.synchronize(stream);
        assertThat(get(deviceC, c.length))
                .as("%s %s %d %d %d", opA, opB, m, n, k)
                .containsExactly(
                        expected(opA, opB, sizes, alpha, a, lda, b, ldb, beta, c, ldc),
                        within(1e-4f));
        device.free(deviceA);
        device.free(deviceB);
        device.free(deviceC);
    }

    /// What the documentation of the interface tells about rows and columns.
    @Test
    void rowMajorProductsAreWrittenTheOtherWayRound() {
        long a = put(new float[] {1, 2, 3, 4, 5, 6});
        long b = put(new float[] {1, 0, 0, 1, 1, 1});
        long c = put(new float[4]);
        blas.gemm(NONE, NONE, 2, 2, 3, 1, b, 2, a, 3, 0, c, 2);
        device.synchronize(stream);
        assertThat(get(c, 4)).containsExactly(4, 5, 10, 11);
        blas.gemm(TRANSPOSE, NONE, 2, 2, 3, 1, b, 3, a, 3, 0, c, 2);
        device.synchronize(stream);
        assertThat(get(c, 4)).containsExactly(1, 6, 4, 15);
    }

    @Test
    void batchesAreSoManyProducts() {
        float[] a = numbers(3 * 20);
        float[] b = numbers(12);
        float[] c = numbers(3 * 15);
        long deviceA = put(a);
        long deviceB = put(b);
        long deviceC = put(c);
        blas.gemmStridedBatched(
                NONE, TRANSPOSE, 4, 3, 4, 1, deviceA, 4, 20, deviceB, 3, 0, 1, deviceC, 4, 15, 3);
        device.synchronize(stream);
        float[] all = get(deviceC, c.length);
        for (int i = 0; i < 3; i++) {
            float[] ownA = java.util.Arrays.copyOfRange(a, 20 * i, 20 * i + 16);
            float[] ownC = java.util.Arrays.copyOfRange(c, 15 * i, 15 * i + 15);
            assertThat(java.util.Arrays.copyOfRange(all, 15 * i, 15 * i + 15))
                    .containsExactly(
                            expected(
                                    NONE,
                                    TRANSPOSE,
                                    new int[] {4, 3, 4},
                                    1,
                                    ownA,
                                    4,
                                    b,
                                    3,
                                    1,
                                    ownC,
                                    4),
                            within(1e-4f));
        }
    }

    @Test
    void sixteenBitNumbersAreRoundedToNearestEven() {
        device.major = 8;
        long a = device.allocate(8);
        long b = device.allocate(2);
        long c = device.allocate(8);
        short[] bits = {0x3F81, 0x3F83, (short) 0xBF81, 0x7F80};
        device.at(a, 8).copyFrom(MemorySegment.ofArray(bits));
        device.at(b, 2).copyFrom(MemorySegment.ofArray(new short[] {0x3FC0}));
        DataType type = DataType.BFLOAT16;
        blas.gemmEx(NONE, NONE, 4, 1, 1, 1, a, type, 4, b, 1, 0, c, type, 4);
        device.synchronize(stream);
        // In units of 2^-7: 129 x 1.5 = 193.5 becomes 194, 131 x 1.5 = 196.5 becomes 196.
        assertThat(device.at(c, 8).toArray(ValueLayout.JAVA_SHORT_UNALIGNED))
                .containsExactly(0x3FC2, 0x3FC4, (short) 0xBFC2, 0x7F80);
    }

    @Test
    void halfNumbersGoIntoFloats() {
        long a = device.allocate(4);
        long b = device.allocate(4);
        long c = put(new float[1]);
        short[] halves = {Float.floatToFloat16(1.5f), Float.floatToFloat16(-0.25f)};
        device.at(a, 4).copyFrom(MemorySegment.ofArray(halves));
        device.at(b, 4).copyFrom(MemorySegment.ofArray(halves));
        blas.gemmEx(
                NONE, NONE, 1, 1, 2, 1, a, DataType.FLOAT16, 1, b, 2, 0, c, DataType.FLOAT32, 1);
        device.synchronize(stream);
        assertThat(get(c, 1)).containsExactly(2.3125f);
    }

    @Test
    void tf32RoundsFactorsWhereTheDeviceHasIt() {
        float fine = 1 + 1f / 2048;
        long a = put(new float[] {fine});
        long b = put(new float[] {1});
        long c = put(new float[1]);
        for (int major : new int[] {7, 8}) {
            device.major = major;
            for (boolean allowed : new boolean[] {false, true}) {
                blas.allowTf32(allowed);
                blas.gemm(NONE, NONE, 1, 1, 1, 1, a, 1, b, 1, 0, c, 1);
                device.synchronize(stream);
                assertThat(get(c, 1)[0]).isEqualTo(allowed && major == 8 ? 1 + 1f / 1024 : fine);
            }
        }
    }

    private static void refused(ThrowingCallable call, String... parts) {
        assertThatThrownBy(call).hasMessageContainingAll(parts);
    }

    @Test
    void wrongLeadingDimensionsAreRefused() {
        long a = put(new float[100]);
        long b = put(new float[100]);
        long c = put(new float[100]);
        String status = "CUBLAS_STATUS_INVALID_VALUE";
        refused(
                () -> blas.gemm(NONE, NONE, 5, 4, 3, 1, a, 4, b, 3, 0, c, 5),
                status,
                "leading dimension of A 4");
        refused(
                () -> blas.gemm(TRANSPOSE, NONE, 5, 4, 3, 1, a, 2, b, 3, 0, c, 5),
                status,
                "leading dimension of A 2");
        refused(
                () -> blas.gemm(NONE, TRANSPOSE, 5, 4, 3, 1, a, 5, b, 3, 0, c, 5),
                status,
                "leading dimension of B 3");
        refused(
                () -> blas.gemm(NONE, NONE, 5, 4, 3, 1, a, 5, b, 3, 0, c, 4),
                status,
                "leading dimension of C 4");
        refused(() -> blas.gemm(NONE, NONE, -1, 4, 3, 1, a, 5, b, 3, 0, c, 5), status, "rows of A");
    }

    @Test
    void placesOutsideAreRefused() {
        long a = put(new float[15]);
        long b = put(new float[12]);
        long c = put(new float[20]);
        blas.gemm(NONE, NONE, 5, 4, 3, 1, a, 5, b, 3, 0, c, 5);
        refused(() -> blas.gemm(NONE, NONE, 5, 4, 3, 1, a, 6, b, 3, 0, c, 5), "A of cublasSgemm");
        refused(() -> blas.gemm(NONE, NONE, 5, 4, 3, 1, a + 4, 5, b, 3, 0, c, 5), "A of");
        refused(() -> blas.gemm(NONE, NONE, 5, 4, 3, 1, a, 5, b, 4, 0, c, 5), "B of");
        refused(() -> blas.gemm(NONE, NONE, 5, 4, 3, 1, a, 5, b, 3, 0, c, 6), "C of");
        refused(
                () -> blas.gemm(NONE, NONE, 5, 4, 3, 1, a + 2, 5, b, 3, 0, c, 5),
                "CUDA_ERROR_MISALIGNED_ADDRESS");
        device.free(b);
        refused(() -> blas.gemm(NONE, NONE, 5, 4, 3, 1, a, 5, b, 3, 0, c, 5), "B of cublasSgemm");
    }

    @Test
    void overlapsAreRefused() {
        long a = put(new float[64]);
        refused(
                () -> blas.gemm(NONE, NONE, 2, 2, 2, 1, a, 2, a + 32, 2, 0, a + 12, 2),
                "A at",
                "C at",
                "overlap");
        refused(
                () ->
                        blas.gemmStridedBatched(
                                NONE, NONE, 2, 2, 2, 1, a, 2, 0, a, 2, 0, 0, a + 64, 2, 3, 2),
                "strideC 3",
                "overlap");
    }

    @Test
    void foreignStreamsBadWorkspacesAndUnboundHandlesAreRefused() {
        long workspace = device.allocate(WORKSPACE);
        refused(() -> blas.bind(new Stream(77), workspace, WORKSPACE), "foreign");
        refused(() -> blas.bind(stream, workspace + 64, 512), "multiple of 256");
        refused(() -> blas.bind(stream, workspace, 2 * WORKSPACE), "the workspace");
        SimulatedBlas fresh = new SimulatedBlas(device);
        refused(
                () -> fresh.gemm(NONE, NONE, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 1),
                "bind a stream and a workspace first");
        fresh.close();
        refused(() -> fresh.allowTf32(true), "closed");
    }

    @Test
    void typesThatTheDeviceOrTheCallDoesNotKnowAreRefused() {
        long a = put(new float[1]);
        long c = put(new float[1]);
        DataType half = DataType.FLOAT16;
        refused(
                () ->
                        blas.gemmEx(
                                NONE,
                                NONE,
                                1,
                                1,
                                1,
                                1,
                                a,
                                DataType.BFLOAT16,
                                1,
                                a,
                                1,
                                0,
                                c,
                                DataType.BFLOAT16,
                                1),
                "CUBLAS_STATUS_ARCH_MISMATCH",
                "BFLOAT16");
        refused(
                () ->
                        blas.gemmEx(
                                NONE,
                                NONE,
                                1,
                                1,
                                1,
                                1,
                                a,
                                DataType.FLOAT32,
                                1,
                                a,
                                1,
                                0,
                                c,
                                half,
                                1),
                "CUBLAS_STATUS_NOT_SUPPORTED");
    }
}
