package athanor.kernels.cuda.simulator;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.SplittableRandom;

/// A GPU that is none: it runs kernels from PTX text, one block after another, and finds what a
/// GPU does not tell.
///
/// It throws a [KernelFault] at the first access that is out of bounds, misaligned, to freed
/// memory, a read of what nothing wrote, a race, or a barrier that not all threads of a warp come
/// to. A race is two accesses of different threads to a byte in a launch, of which one writes,
/// without a barrier between them; for threads of different blocks nothing is a barrier. Stores of
/// one value are no race, nor are two atomic, `.relaxed`, `.acquire` or `.release` accesses, or
/// `.volatile` ones of global memory. The result of a correct kernel does not depend on the
/// launch's seed, except where atomic additions of floats come in another order.
public final class Simulator {
    /// Registers that nothing wrote are NaN in either float type.
    private static final long POISON = 0x7ff7dead_7ff7deadL;

    private final DeviceMemory memory;
    private final IdentityHashMap<Variable, Long> addresses = new IdentityHashMap<>();
    private Trace trace = Trace.NONE;
    private boolean counting = true;
    private int launches;
    private int blocks;

    public Simulator(DeviceMemory memory) {
        this.memory = memory;
    }

    public DeviceMemory memory() {
        return memory;
    }

    /// Tells the listener each instruction from now on.
    public void trace(Trace listener) {
        trace = listener;
    }

    /// Whether launches count sectors and bank conflicts; at first they do.
    public void counting(boolean on) {
        counting = on;
    }

    /// Runs the kernel to its end.
    ///
    /// @throws KernelFault at the first rule it breaks; memory keeps what was written until then
    public KernelStatistics run(Launch launch) {
        Traffic traffic = new Traffic(counting, ++launches, blocks);
        SplittableRandom random = new SplittableRandom(launch.seed());
        Block block = new Block(memory, launch, initial(launch), traffic, trace, random);
        int[] order = order(launch.grid().count(), random);
        blocks += order.length;
        for (int number : order) {
            traffic.beginBlock();
            block.run(launch.grid().place(number));
        }
        return traffic.statistics();
    }

    private static int[] order(long blocks, SplittableRandom random) {
        if (blocks > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("a grid of " + blocks + " blocks is not simulated");
        }
        int[] order = new int[(int) blocks];
        for (int i = 0; i < order.length; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    /// The address of a module's `.global` or `.const` variable.
    public long address(PtxModule module, String variable) {
        for (Variable known : module.variables()) {
            if (known.name().equals(variable)) {
                return address(known);
            }
        }
        throw new IllegalArgumentException("the module has no variable " + variable);
    }

    private long address(Variable variable) {
        return addresses.computeIfAbsent(variable, this::place);
    }

    private long place(Variable variable) {
        long address =
                memory.allocate(
                        "variable " + variable.name(),
                        variable.bytes(),
                        variable.space() == Variable.Space.CONST);
        if (address == 0) {
            throw new IllegalStateException(
                    "no device memory is left for variable " + variable.name());
        }
        memory.fill(address, variable.bytes(), (byte) 0);
        if (variable.initial().length > 0) {
            memory.copyIn(MemorySegment.ofArray(variable.initial()), address);
        }
        return address;
    }

    /// The registers at the start of each warp.
    private long[] initial(Launch launch) {
        Kernel kernel = launch.kernel();
        long[] initial = new long[kernel.registerCount * Warp.LANES];
        Arrays.fill(initial, POISON);
        for (Kernel.Constant constant : kernel.constants) {
            set(initial, constant.register(), constant.value());
        }
        for (Kernel.Symbol symbol : kernel.symbols) {
            set(initial, symbol.register(), address(symbol.variable()));
        }
        return initial;
    }

    private static void set(long[] registers, int register, long value) {
        int at = register * Warp.LANES;
        Arrays.fill(registers, at, at + Warp.LANES, value);
    }
}
