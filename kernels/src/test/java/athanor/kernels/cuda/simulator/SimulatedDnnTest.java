package athanor.kernels.cuda.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import athanor.kernels.convolve.ConvolutionGeometry;
import athanor.kernels.convolve.PlainConvolution;
import athanor.kernels.cuda.DataType;
import athanor.kernels.cuda.Dnn.Activation;
import athanor.kernels.cuda.Dnn.Algorithm;
import athanor.kernels.cuda.Dnn.Descriptor;
import athanor.kernels.cuda.Dnn.MathType;
import athanor.kernels.cuda.Driver.Stream;
import athanor.kernels.cuda.FakeDriver;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SimulatedDnnTest {
    private static final Algorithm FORWARD = Algorithm.IMPLICIT_PRECOMP_GEMM;
    private static final List<ConvolutionGeometry> GEOMETRIES =
            List.of(
                    new ConvolutionGeometry(2, 7, 6, 3, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1),
                    new ConvolutionGeometry(1, 9, 8, 6, 4, 3, 2, 2, 1, 1, 0, 1, 3, 2),
                    new ConvolutionGeometry(2, 5, 5, 4, 3, 1, 1, 1, 1, 0, 0, 1, 1, 1),
                    new ConvolutionGeometry(1, 7, 7, 17, 16, 3, 3, 2, 2, 1, 1, 2, 1, 1));

    private final SplittableRandom random = new SplittableRandom(1);
    private final FakeDriver device = new FakeDriver(4 << 20);
    private final Stream stream = device.createStream();
    private final SimulatedDnn dnn = new SimulatedDnn(device);

    @BeforeEach
    void bind() {
        dnn.bind(stream);
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

    private static Descriptor floats(ConvolutionGeometry g) {
        return new Descriptor(g, DataType.FLOAT32, MathType.FMA);
    }

    private static int xCount(ConvolutionGeometry g) {
        return g.batch() * g.height() * g.width() * g.channels();
    }

    private static int wCount(ConvolutionGeometry g) {
        return g.filters() * g.filterLength();
    }

    private static int yCount(ConvolutionGeometry g) {
        return g.outputRows() * g.filters();
    }

    private static float[] blend(float alpha, float[] result, float beta, float[] before) {
        float[] sum = new float[result.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = alpha * result[i] + (beta == 0 ? 0 : beta * before[i]);
        }
        return sum;
    }

    @Test
    void threePassesAreThoseOfTheDefinition() {
        for (ConvolutionGeometry g : GEOMETRIES) {
            for (float[] scalars : new float[][] {{1, 0}, {0.5f, -2}}) {
                compare(g, scalars[0], scalars[1]);
            }
        }
    }

    private void compare(ConvolutionGeometry g, float alpha, float beta) {
        Descriptor d = floats(g);
        float[] x = numbers(xCount(g));
        float[] w = numbers(wCount(g));
        float[] y = numbers(yCount(g));
        float[] result = new float[y.length];
        PlainConvolution.forward(g, x, w, result);
        long out = put(y);
        long space = dnn.workspaceBytes(d, FORWARD);
        dnn.forward(d, FORWARD, alpha, put(x), put(w), beta, out, device.allocate(space), space);
        assertThat(get(out, y.length)).as("before the stream runs").isEqualTo(y);
        device.synchronize(stream);
        assertThat(get(out, y.length))
                .containsExactly(blend(alpha, result, beta, y), within(1e-3f));

        Algorithm data = Algorithm.DATA_GRADIENT_1;
        result = new float[x.length];
        PlainConvolution.inputGradient(g, y, w, result);
        out = put(x);
        space = dnn.workspaceBytes(d, data);
        dnn.dataGradient(d, data, alpha, put(w), put(y), beta, out, device.allocate(space), space);
        device.synchronize(stream);
        assertThat(get(out, x.length))
                .containsExactly(blend(alpha, result, beta, x), within(1e-3f));

        Algorithm filter = Algorithm.FILTER_GRADIENT_1;
        result = new float[w.length];
        PlainConvolution.filterGradient(g, x, y, result);
        out = put(w);
        space = dnn.workspaceBytes(d, filter);
        dnn.filterGradient(
                d, filter, alpha, put(x), put(y), beta, out, device.allocate(space), space);
        device.synchronize(stream);
        assertThat(get(out, w.length))
                .containsExactly(blend(alpha, result, beta, w), within(1e-3f));
    }

    @Test
    void biasSumAndActivationFollowTheConvolution() {
        ConvolutionGeometry g = GEOMETRIES.getFirst();
        Descriptor d = floats(g);
        float[] x = numbers(xCount(g));
        float[] w = numbers(wCount(g));
        float[] z = numbers(yCount(g));
        float[] bias = numbers(g.filters());
        float[] plain = new float[z.length];
        PlainConvolution.forward(g, x, w, plain);
        long space = dnn.workspaceBytes(d, FORWARD);
        long workspace = device.allocate(space);
        for (Activation activation : Activation.values()) {
            for (float scale : new float[] {0, 0.5f}) {
                for (boolean inPlace : new boolean[] {false, true}) {
                    long added = put(z);
                    long out = inPlace ? added : device.allocate(4L * z.length);
                    dnn.biasActivation(
                            d,
                            FORWARD,
                            put(x),
                            put(w),
                            scale,
                            added,
                            put(bias),
                            activation,
                            out,
                            workspace,
                            space);
                    device.synchronize(stream);
                    float[] expected = new float[z.length];
                    for (int i = 0; i < z.length; i++) {
                        float sum = plain[i] + scale * z[i] + bias[i % g.filters()];
                        expected[i] = activation == Activation.RELU ? Math.max(0, sum) : sum;
                    }
                    assertThat(get(out, z.length)).containsExactly(expected, within(1e-3f));
                }
            }
        }
    }

    @Test
    void halfImagesAreRoundedAfterTheSum() {
        ConvolutionGeometry g = new ConvolutionGeometry(1, 1, 1, 2, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1);
        Descriptor d = new Descriptor(g, DataType.FLOAT16, MathType.TENSOR_OP);
        short[] x = {Float.floatToFloat16(1 + 1f / 1024), Float.floatToFloat16(1f / 2048)};
        short[] w = {Float.floatToFloat16(1), Float.floatToFloat16(1.5f)};
        long deviceX = device.allocate(4);
        long deviceW = device.allocate(4);
        long y = device.allocate(2);
        device.at(deviceX, 4).copyFrom(MemorySegment.ofArray(x));
        device.at(deviceW, 4).copyFrom(MemorySegment.ofArray(w));
        long space = dnn.workspaceBytes(d, FORWARD);
        dnn.forward(d, FORWARD, 1, deviceX, deviceW, 0, y, device.allocate(space), space);
        device.synchronize(stream);
        short rounded = device.at(y, 2).get(ValueLayout.JAVA_SHORT_UNALIGNED, 0);
        assertThat(Float.float16ToFloat(rounded)).isEqualTo(1 + 2f / 1024);
    }

    @Test
    void tensorCoresRoundFloatsWhereTheDeviceHasThem() {
        ConvolutionGeometry g = new ConvolutionGeometry(1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1);
        long x = put(new float[] {1 + 1f / 2048});
        long w = put(new float[] {1});
        long y = put(new float[1]);
        for (MathType math : MathType.values()) {
            for (int major : new int[] {7, 8}) {
                device.major = major;
                Descriptor d = new Descriptor(g, DataType.FLOAT32, math);
                dnn.forward(d, Algorithm.IMPLICIT_GEMM, 1, x, w, 0, y, 0, 0);
                device.synchronize(stream);
                boolean rounds = math == MathType.TENSOR_OP && major == 8;
                assertThat(get(y, 1)[0]).isEqualTo(1 + (rounds ? 1f / 1024 : 1f / 2048));
            }
        }
    }

    @Test
    void theWorkspaceIsDestroyed() {
        ConvolutionGeometry g = GEOMETRIES.getFirst();
        Descriptor d = floats(g);
        long space = dnn.workspaceBytes(d, FORWARD);
        assertThat(space).isPositive();
        float[] kept = new float[(int) space / 4];
        long workspace = put(kept);
        long y = put(new float[yCount(g)]);
        dnn.forward(
                d,
                FORWARD,
                1,
                put(numbers(xCount(g))),
                put(numbers(wCount(g))),
                0,
                y,
                workspace,
                space);
        device.synchronize(stream);
        assertThat(get(workspace, kept.length)).containsOnly(Float.NaN);
    }

    private static void refused(ThrowingCallable call, String... parts) {
        assertThatThrownBy(call).hasMessageContainingAll(parts);
    }

    @Test
    void whatCudnnRefusesIsRefused() {
        ConvolutionGeometry g = GEOMETRIES.getFirst();
        Descriptor d = floats(g);
        long x = put(numbers(xCount(g)));
        long w = put(numbers(wCount(g)));
        long y = put(numbers(yCount(g)));
        long space = dnn.workspaceBytes(d, FORWARD);
        long workspace = device.allocate(space);
        String bad = "CUDNN_STATUS_BAD_PARAM";
        refused(
                () -> dnn.forward(d, FORWARD, 1, x, w, 0, y, workspace, space - 1),
                bad,
                "it needs");
        refused(
                () -> dnn.forward(d, FORWARD, 1, x, w, 0, y, workspace + 256, space),
                "the workspace");
        long both = put(numbers(xCount(g) + yCount(g)));
        refused(
                () -> dnn.forward(d, FORWARD, 1, both, w, 0, both + 8, workspace, space),
                bad,
                "x at",
                "y at",
                "overlap");
        refused(
                () ->
                        dnn.biasActivation(
                                d,
                                FORWARD,
                                x,
                                w,
                                0,
                                both,
                                w,
                                Activation.RELU,
                                both + 4,
                                workspace,
                                space),
                bad,
                "z at",
                "overlap");
        refused(
                () -> dnn.forward(d, FORWARD, 1, x, w, 0, y, y, space),
                bad,
                "workspace",
                "overlap");
        refused(() -> dnn.forward(d, FORWARD, 1, x + 4, w, 0, y, workspace, space), "x of cudnn");
        refused(
                () -> dnn.forward(d, FORWARD, 1, x, w + 2, 0, y, workspace, space),
                "CUDA_ERROR_MISALIGNED_ADDRESS");
        refused(
                () -> dnn.dataGradient(d, FORWARD, 1, w, y, 0, x, workspace, space),
                "for FORWARD, not for DATA_GRADIENT");
        refused(
                () ->
                        dnn.biasActivation(
                                d,
                                Algorithm.IMPLICIT_GEMM,
                                x,
                                w,
                                0,
                                y,
                                w,
                                Activation.IDENTITY,
                                y,
                                0,
                                0),
                "CUDNN_STATUS_NOT_SUPPORTED");
        refused(() -> dnn.bind(new Stream(77)), "foreign");
        refused(
                () -> new SimulatedDnn(device).forward(d, FORWARD, 1, x, w, 0, y, workspace, space),
                "bind a stream first");
        refused(
                () ->
                        dnn.workspaceBytes(
                                new Descriptor(g, DataType.BFLOAT16, MathType.TENSOR_OP), FORWARD),
                "CUDNN_STATUS_ARCH_MISMATCH");
        device.free(w);
        refused(() -> dnn.forward(d, FORWARD, 1, x, w, 0, y, workspace, space), "w of cudnn");
        dnn.close();
        refused(() -> dnn.workspaceBytes(d, FORWARD), "closed");
    }

    @Test
    void impossibleGeometriesAreRefused() {
        for (ConvolutionGeometry g :
                List.of(
                        new ConvolutionGeometry(0, 7, 6, 3, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1),
                        new ConvolutionGeometry(2, 7, 6, 3, 5, 3, 3, 0, 1, 1, 1, 1, 1, 1),
                        new ConvolutionGeometry(2, 7, 6, 3, 5, 3, 3, 1, 1, -1, 1, 1, 1, 1),
                        new ConvolutionGeometry(2, 7, 6, 3, 5, 3, 3, 1, 1, 1, 1, 1, 1, 2),
                        new ConvolutionGeometry(2, 7, 6, 3, 5, 3, 3, 1, 1, 1, 1, 1, 1, 0),
                        new ConvolutionGeometry(2, 7, 6, 3, 5, 9, 3, 1, 1, 0, 1, 1, 1, 1))) {
            refused(
                    () -> dnn.forward(floats(g), FORWARD, 1, 0, 0, 0, 0, 0, 0),
                    "CUDNN_STATUS_BAD_PARAM",
                    "groups divide");
        }
    }
}
