package athanor.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import athanor.kernels.cuda.simulator.DeviceMemory;
import athanor.kernels.cuda.simulator.Dim3;
import athanor.kernels.cuda.simulator.Launch;
import athanor.kernels.cuda.simulator.PtxModule;
import athanor.kernels.cuda.simulator.Simulator;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/// A simulated GPU for tests of kernels: arrays go there and come back, and launches are run at
/// once, by blocks and warps in an order of the seed.
final class Gpu implements Workspace {
    /// What happens to the text of a module before it is loaded.
    static UnaryOperator<String> mutation = UnaryOperator.identity();

    /// Instructions of warps after which a launch is given up, where mutants may run for ever.
    static long patience = Long.MAX_VALUE;

    static final Driver.Stream STREAM = new Driver.Stream(0);

    private final DeviceMemory memory = new DeviceMemory(1L << 30);
    private final Simulator simulator = new Simulator(memory);
    private final List<PtxModule> modules = new ArrayList<>();
    private final long seed;
    private final int mostBlocks;
    private final Ptx ptx;

    private Gpu(long seed, int mostBlocks) {
        this.seed = seed;
        this.mostBlocks = mostBlocks;
        simulator.counting(false);
        ptx = new Ptx(driver(), this);
    }

    Ptx ptx() {
        return ptx;
    }

    /// Runs the work in two orders and wants the same bits.
    static <T> T run(Function<Gpu, T> work) {
        T result = work.apply(new Gpu(1, Integer.MAX_VALUE));
        assertThat((Object) work.apply(new Gpu(2, Integer.MAX_VALUE))).isEqualTo(result);
        return result;
    }

    /// Runs the work also by two blocks at most: for kernels whose threads go on by strides.
    static <T> T runStrided(Function<Gpu, T> work) {
        T result = work.apply(new Gpu(1, Integer.MAX_VALUE));
        assertThat((Object) work.apply(new Gpu(2, 2))).isEqualTo(result);
        return result;
    }

    /// The same bits, but that all NaN are one.
    static void assertSame(float[] actual, float[] wanted) {
        assertThat(actual).isEqualTo(wanted);
    }

    static void assertSame(int[] actual, int[] wanted) {
        assertThat(actual).isEqualTo(wanted);
    }

    /// The methods that launches use.
    private Driver driver() {
        return (Driver)
                Proxy.newProxyInstance(
                        Gpu.class.getClassLoader(),
                        new Class<?>[] {Driver.class},
                        (proxy, method, a) ->
                                switch (method.getName()) {
                                    case "load" -> load((String) a[0]);
                                    case "kernel" ->
                                            new Driver.Kernel(
                                                    ((Driver.PtxModule) a[0]).handle(),
                                                    (String) a[1]);
                                    case "copy" -> {
                                        memory.copy((long) a[1], (long) a[0], (long) a[2]);
                                        yield null;
                                    }
                                    case "fill" -> {
                                        fill((long) a[0], (int) a[1], (long) a[2]);
                                        yield null;
                                    }
                                    case "launch" -> {
                                        launch(
                                                (Driver.Kernel) a[0],
                                                (Grid) a[1],
                                                (Grid) a[2],
                                                (Arguments) a[5]);
                                        yield null;
                                    }
                                    default ->
                                            throw new UnsupportedOperationException(
                                                    method.getName());
                                });
    }

    private Driver.PtxModule load(String text) {
        modules.add(PtxModule.parse(mutation.apply(text)));
        return new Driver.PtxModule(modules.size() - 1);
    }

    private void fill(long address, int word, long words) {
        int[] filled = new int[(int) words];
        Arrays.fill(filled, word);
        memory.copyIn(MemorySegment.ofArray(filled), address);
    }

    private void launch(Driver.Kernel kernel, Grid grid, Grid block, Arguments arguments) {
        PtxModule module = modules.get((int) kernel.handle());
        if (patience < Long.MAX_VALUE) {
            long[] left = {patience};
            simulator.trace(
                    step -> {
                        if (left[0]-- == 0) {
                            throw new IllegalStateException("no end in sight");
                        }
                    });
        }
        simulator.run(
                new Launch(
                        module.kernel(kernel.name()),
                        Dim3.of(Math.min(grid.x(), mostBlocks)),
                        Dim3.of(block.x()),
                        0,
                        arguments.bytes(),
                        seed));
    }

    @Override
    public long take(long bytes) {
        return memory.allocate(bytes);
    }

    @Override
    public void give(long address) {
        memory.free(address);
    }

    long of(float... x) {
        return of(MemorySegment.ofArray(x));
    }

    long of(int... x) {
        return of(MemorySegment.ofArray(x));
    }

    long of(byte... x) {
        return of(MemorySegment.ofArray(x));
    }

    long of(long... x) {
        return of(MemorySegment.ofArray(x));
    }

    private long of(MemorySegment x) {
        long address = memory.allocate(Math.max(1, x.byteSize()));
        memory.copyIn(x, address);
        return address;
    }

    /// Room for n numbers of 4 bytes.
    long room(int n) {
        return memory.allocate(Math.max(1, 4L * n));
    }

    float[] floats(long address, int n) {
        float[] y = new float[n];
        memory.copyOut(address, MemorySegment.ofArray(y));
        return y;
    }

    int[] ints(long address, int n) {
        int[] y = new int[n];
        memory.copyOut(address, MemorySegment.ofArray(y));
        return y;
    }

    byte[] bytes(long address, int n) {
        byte[] y = new byte[n];
        memory.copyOut(address, MemorySegment.ofArray(y));
        return y;
    }
}
