package athanor.kernels.cuda.jcuda;

import athanor.kernels.convolve.ConvolutionGeometry;
import athanor.kernels.cuda.Arguments;
import athanor.kernels.cuda.Blas;
import athanor.kernels.cuda.DataType;
import athanor.kernels.cuda.Devices;
import athanor.kernels.cuda.Dnn;
import athanor.kernels.cuda.Driver.Event;
import athanor.kernels.cuda.Driver.Graph;
import athanor.kernels.cuda.Driver.Kernel;
import athanor.kernels.cuda.Driver.PtxModule;
import athanor.kernels.cuda.Driver.Stream;
import athanor.kernels.cuda.Grid;
import athanor.kernels.cuda.PinnedMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// Runs in a JVM of its own, because a library is loaded once in a JVM: says what it sees, a line
/// for each thing.
public final class StubProgram {
    private StubProgram() {}

    public static void main(String[] arguments) {
        switch (arguments[0]) {
            case "driver" -> attempt(StubProgram::driver);
            case "blas" -> attempt(StubProgram::blas);
            case "dnn" -> attempt(StubProgram::dnn);
            case "survey" -> Devices.survey().forEach(StubProgram::say);
            case "blas-alone" -> attempt(Library.BLAS::load);
            case "open" -> {
                attempt(() -> new JCudaDriver(Integer.parseInt(arguments[1])).close());
                attempt(() -> new JCudaDriver(Integer.parseInt(arguments[1])).close());
            }
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static void attempt(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            say(e.getClass().getSimpleName() + ": " + e.getMessage());
        }
    }

    private static void say(Object line) {
        System.out.println(line);
    }

    private static void driver() {
        JCudaDriver driver = new JCudaDriver(0);
        say(driver.device());
        say(driver.memory());
        Stream stream = driver.createStream();
        PinnedMemory host = driver.allocatePinned(64);
        MemorySegment numbers = host.forWriting();
        for (int i = 0; i < 16; i++) {
            numbers.setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
        }
        long a = driver.allocate(64);
        long b = driver.allocate(64);
        driver.upload(a, host, 16, 48, stream);
        driver.copy(b, a, 16, stream);
        driver.fill(b + 8, Float.floatToIntBits(-1), 2, stream);
        driver.download(host, 4, b, 16, stream);
        driver.synchronize(stream);
        float[] read = new float[8];
        MemorySegment.copy(host.forReading(), ValueLayout.JAVA_FLOAT, 0, read, 0, read.length);
        say(Arrays.toString(read));
        attempt(() -> driver.upload(a, host, 20, 48, stream));

        PtxModule module = driver.load("good");
        Kernel fill = driver.kernel(module, "fill");
        Arguments arguments =
                new Arguments().address(0x1234567890L).int32(-7).float32(2.5f).int64(0x99);
        driver.launch(fill, new Grid(2, 3, 4), new Grid(32, 2, 1), 16, stream, arguments);
        driver.launch(fill, Grid.of(1), Grid.of(1), 65536, stream, arguments);
        attempt(() -> driver.launch(fill, Grid.of(1), Grid.of(2048), 0, stream, arguments));
        attempt(() -> driver.load(".visible .entry bad()"));
        attempt(() -> driver.kernel(module, "other"));
        attempt(() -> driver.allocate(2 << 20));

        Event timed = driver.createEvent(true);
        Event plain = driver.createEvent(false);
        driver.record(timed, stream);
        driver.await(plain, stream);
        say(driver.isDone(timed) + " " + driver.isDone(plain));
        say(driver.elapsedMilliseconds(timed, timed));
        driver.beginCapture(stream);
        Graph graph = driver.endCapture(stream);
        driver.launch(graph, stream);

        driver.unload(module);
        attempt(() -> driver.launch(fill, Grid.of(1), Grid.of(1), 0, stream, arguments));
        driver.destroy(plain);
        attempt(() -> driver.record(plain, stream));
        Stream foreign = new JCudaDriver(0).createStream();
        attempt(() -> driver.synchronize(foreign));
        driver.free(b);
        driver.close();
        driver.close();
        attempt(driver::synchronize);
    }

    private static void blas() {
        JCudaDriver driver = new JCudaDriver(0);
        Stream stream = driver.createStream();
        Blas blas = new JCudaBlas(driver);
        blas.bind(stream, 0x100, 4096);
        blas.allowTf32(true);
        Blas.Operation none = Blas.Operation.NONE;
        Blas.Operation transpose = Blas.Operation.TRANSPOSE;
        blas.gemm(none, transpose, 2, 3, 4, 1.5f, 0xA00, 5, 0xB00, 6, 0.5f, 0xC00, 7);
        blas.gemmStridedBatched(
                transpose, none, 2, 3, 4, 1, 0xA00, 5, 10, 0xB00, 6, 20, 0, 0xC00, 7, 30, 8);
        blas.gemmEx(
                none,
                none,
                2,
                3,
                4,
                1,
                0xA00,
                DataType.BFLOAT16,
                5,
                0xB00,
                6,
                0,
                0xC00,
                DataType.FLOAT32,
                7);
        attempt(() -> blas.gemm(none, none, 2, 3, 4, 1, 0xA00, 1, 0xB00, 6, 0, 0xC00, 7));
        blas.close();
        blas.close();
        driver.close();
    }

    private static void dnn() {
        JCudaDriver driver = new JCudaDriver(0);
        Stream stream = driver.createStream();
        Dnn dnn = new JCudaDnn(driver);
        dnn.bind(stream);
        Dnn.Descriptor convolution =
                new Dnn.Descriptor(
                        new ConvolutionGeometry(2, 9, 8, 6, 4, 3, 2, 2, 1, 1, 0, 1, 3, 2),
                        DataType.FLOAT16,
                        Dnn.MathType.TENSOR_OP);
        for (Dnn.Algorithm algorithm : Dnn.Algorithm.values()) {
            attempt(() -> say(dnn.workspaceBytes(convolution, algorithm)));
        }
        Dnn.Algorithm forward = Dnn.Algorithm.IMPLICIT_PRECOMP_GEMM;
        dnn.forward(convolution, forward, 1.5f, 0x1, 0x2, 0.5f, 0x3, 0x4, 5);
        dnn.dataGradient(
                convolution, Dnn.Algorithm.DATA_GRADIENT_1, 1.5f, 0x2, 0x3, 0.5f, 0x1, 0x4, 5);
        dnn.filterGradient(
                convolution, Dnn.Algorithm.FILTER_GRADIENT_1, 1.5f, 0x1, 0x3, 0.5f, 0x2, 0x4, 5);
        dnn.biasActivation(
                convolution, forward, 0x1, 0x2, 2, 0x6, 0x7, Dnn.Activation.RELU, 0x3, 0x4, 5);
        Dnn.Descriptor other =
                new Dnn.Descriptor(convolution.geometry(), DataType.FLOAT16, Dnn.MathType.FMA);
        attempt(() -> dnn.workspaceBytes(other, forward));
        attempt(() -> dnn.dataGradient(convolution, forward, 1, 0x2, 0x3, 0, 0x1, 0x4, 5));
        dnn.close();
        driver.close();
    }
}
