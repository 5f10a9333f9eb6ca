package athanor.kernels.cuda.simulator;

import java.util.Arrays;
import java.util.Map;
import java.util.Set;

/// 32 threads of a block that go through the code together. Where a branch parts them, those at
/// the lowest instruction go first, until they meet the others.
///
/// A mark in memory is `clock << 13 | strong << 12 | readers << 10 | thread`: the clock ticks at
/// each launch, block and barrier, so it tells what lies between two accesses.
final class Warp implements Trace.Step {
    static final int LANES = 32;
    static final int ALL = -1;
    static final int CLOCK_SHIFT = 13;
    private static final long STRONG = 1 << 12;
    private static final int READERS_SHIFT = 10;
    /// Who read: one thread, several of one warp, of several warps, of several blocks.
    private static final int ONE = 0;

    private static final int LANES_OF_ONE = 1;
    private static final int WARPS = 2;
    private static final int BLOCKS = 3;

    enum State {
        RUNNING,
        AT_BARRIER,
        FINISHED
    }

    final Block block;
    final int number;
    final Kernel kernel;
    /// Register n of lane i at `n * LANES + i`.
    final long[] registers;

    final Region local;
    State state = State.RUNNING;
    int barrier;
    private final long[] scratch = new long[LANES];
    /// The next instruction of the threads that go now, and their lanes.
    private int pc;

    private int mask;
    /// The threads that wait for those to meet them: their next instructions and lanes.
    private final int[] waitingPc = new int[LANES + 1];

    private final int[] waitingMask = new int[LANES + 1];
    private int waiting;
    private int lowestWaiting;
    private Instruction current;
    private int active;
    /// The clock at the last barrier of this warp.
    private long warpBarrier;

    Warp(Block block, int number, Kernel kernel) {
        this.block = block;
        this.number = number;
        this.kernel = kernel;
        registers = new long[kernel.registerCount * LANES];
        current = kernel.code[0];
        local = new Region("local memory", 0, Math.max(kernel.localBytes, 1) * LANES, false, false);
    }

    /// Starts the warp at the kernel's first instruction in the block's threads.
    void start(long[] initial, Launch launch, Dim3 place) {
        System.arraycopy(initial, 0, registers, 0, initial.length);
        int first = number * LANES;
        for (Kernel.SpecialUse use : kernel.specials) {
            for (int lane = 0; lane < LANES; lane++) {
                registers[use.register() * LANES + lane] =
                        use.special().value(launch, place, first + lane);
            }
        }
        long threads = Math.min(LANES, launch.block().count() - first);
        mask = threads == LANES ? ALL : (1 << threads) - 1;
        pc = 0;
        waiting = 0;
        lowestWaiting = Integer.MAX_VALUE;
        warpBarrier = block.barrierTime;
        state = State.RUNNING;
    }

    /// Runs at most so many instructions.
    void run(int instructions) {
        Instruction[] code = kernel.code;
        Trace trace = block.trace;
        long lanes = 0;
        for (int i = 0; i < instructions && state == State.RUNNING; i++) {
            if (pc >= lowestWaiting || mask == 0) {
                regroup();
                if (mask == 0) {
                    state = State.FINISHED;
                    break;
                }
            }
            current = code[pc++];
            active = current.guard() < 0 ? mask : mask & predicate(current);
            if (active != 0) {
                lanes += Integer.bitCount(active);
                current.action().run(this, active);
            }
            if (trace != Trace.NONE) {
                trace.executed(this);
            }
        }
        block.traffic.threadInstructions += lanes;
    }

    private int predicate(Instruction instruction) {
        int bits = bits(instruction.guard());
        return instruction.negated() ? ~bits : bits;
    }

    /// The lanes where the predicate holds.
    int bits(int register) {
        int bits = 0;
        int at = register * LANES;
        for (int lane = 0; lane < LANES; lane++) {
            bits |= (int) (registers[at + lane] & 1) << lane;
        }
        return bits;
    }

    /// Goes on with the threads at the lowest instruction.
    private void regroup() {
        if (mask != 0) {
            park(pc, mask);
        }
        pc = lowestWaiting;
        mask = 0;
        lowestWaiting = Integer.MAX_VALUE;
        int kept = 0;
        for (int i = 0; i < waiting; i++) {
            if (waitingPc[i] == pc) {
                mask |= waitingMask[i];
            } else {
                lowestWaiting = Math.min(lowestWaiting, waitingPc[i]);
                waitingPc[kept] = waitingPc[i];
                waitingMask[kept++] = waitingMask[i];
            }
        }
        waiting = kept;
    }

    private void park(int at, int lanes) {
        for (int i = 0; i < waiting; i++) {
            if (waitingPc[i] == at) {
                waitingMask[i] |= lanes;
                return;
            }
        }
        waitingPc[waiting] = at;
        waitingMask[waiting++] = lanes;
        lowestWaiting = Math.min(lowestWaiting, at);
    }

    void branch(int target, int lanes) {
        if (lanes == mask) {
            pc = target;
        } else {
            mask &= ~lanes;
            park(target, lanes);
        }
    }

    void exit(int lanes) {
        mask &= ~lanes;
    }

    /// The lanes of threads that have not ended.
    private int alive() {
        int alive = mask;
        for (int i = 0; i < waiting; i++) {
            alive |= waitingMask[i];
        }
        return alive;
    }

    /// Stops until the block's other warps are there too.
    void awaitBarrier(int id, int lanes) {
        endReturning();
        if (lanes != alive()) {
            throw divergent(lanes, alive());
        }
        state = State.AT_BARRIER;
        barrier = id;
    }

    /// Ends the threads that wait at a `ret`: they will not come to a barrier any more.
    private void endReturning() {
        int kept = 0;
        for (int i = 0; i < waiting; i++) {
            Instruction next = kernel.code[waitingPc[i]];
            if (next.guard() >= 0 || !(next.action() instanceof ControlActions.Exit)) {
                waitingPc[kept] = waitingPc[i];
                waitingMask[kept++] = waitingMask[i];
            }
        }
        if (kept < waiting) {
            waiting = kept;
            lowestWaiting = Integer.MAX_VALUE;
            for (int i = 0; i < waiting; i++) {
                lowestWaiting = Math.min(lowestWaiting, waitingPc[i]);
            }
        }
    }

    /// Checks that the lanes an instruction such as `shfl.sync` names are those that run it.
    ///
    /// @param members the register that holds the mask
    void checkMembers(int members, int lanes) {
        endReturning();
        int alive = alive();
        for (int rest = lanes; rest != 0; rest &= rest - 1) {
            int lane = Integer.numberOfTrailingZeros(rest);
            int named = (int) registers[members * LANES + lane];
            if ((named >> lane & 1) == 0) {
                throw fault(
                        KernelFault.Kind.DIVERGENCE,
                        lane,
                        "is not in its own member mask " + hex(named));
            }
            if ((named & alive & ~lanes) != 0) {
                throw divergent(lanes, named & alive);
            }
        }
    }

    private KernelFault divergent(int lanes, int wanted) {
        return fault(
                KernelFault.Kind.DIVERGENCE,
                Integer.numberOfTrailingZeros(lanes),
                "lanes "
                        + hex(lanes)
                        + " of warp "
                        + number
                        + " run this, lanes "
                        + hex(wanted)
                        + " must: the others went another way");
    }

    static String hex(int lanes) {
        return "0x%08x".formatted(lanes);
    }

    /// A barrier of the warp alone: `bar.warp.sync`.
    void syncWarp() {
        warpBarrier = block.tick();
    }

    /// A loop over all lanes that keeps the result of the active ones.
    void apply(LaneLoop loop, int to, int a, int b, int c, int d) {
        if (active == ALL) {
            loop.run(registers, to, registers, a, b, c, d);
            return;
        }
        loop.run(scratch, 0, registers, a, b, c, d);
        for (int rest = active; rest != 0; rest &= rest - 1) {
            int lane = Integer.numberOfTrailingZeros(rest);
            registers[to + lane] = scratch[lane];
        }
    }

    /// Marks below it are of bytes that nothing wrote.
    long freshUntil(Region region) {
        return region.global ? 1 : block.startTime << CLOCK_SHIFT;
    }

    /// Marks below it are older than what runs together.
    long racesFrom(Region region) {
        return (region.global ? block.launchTime : block.startTime) << CLOCK_SHIFT;
    }

    long mark(int lane, boolean strong) {
        return block.now << CLOCK_SHIFT | (strong ? STRONG : 0) | (number * LANES + lane);
    }

    /// Whether nothing orders the access of that mark, made in this launch, and one of this lane.
    boolean races(long mark, int lane, boolean strong) {
        long clock = mark >>> CLOCK_SHIFT;
        if (strong && (mark & STRONG) != 0) {
            return false;
        }
        int readers = (int) (mark >> READERS_SHIFT) & 3;
        if (clock < block.startTime || readers == BLOCKS) {
            return true;
        }
        if (clock < block.barrierTime) {
            return false;
        }
        int thread = (int) mark & 1023;
        if (readers == WARPS || thread / LANES != number) {
            return true;
        }
        return clock >= warpBarrier && (readers == LANES_OF_ONE || thread != number * LANES + lane);
    }

    /// The mark of a place that was read and is now read by this lane too.
    long readMark(Region region, long old, int lane, boolean strong) {
        long mine = mark(lane, strong);
        if (old < racesFrom(region) || old == mine) {
            return mine;
        }
        if ((old & STRONG) == 0) {
            mine &= ~STRONG;
        }
        long clock = old >>> CLOCK_SHIFT;
        int readers = (int) (old >> READERS_SHIFT) & 3;
        int thread = (int) old & 1023;
        int all;
        if (clock < block.startTime || readers == BLOCKS) {
            all = BLOCKS;
        } else if (clock < block.barrierTime) {
            all = ONE;
        } else if (readers == WARPS || thread / LANES != number) {
            all = WARPS;
        } else if (clock < warpBarrier) {
            all = ONE;
        } else {
            all = readers == ONE && thread == number * LANES + lane ? ONE : LANES_OF_ONE;
        }
        return mine | (long) all << READERS_SHIFT;
    }

    KernelFault outOfBounds(int lane, Region region, long at, int bytes) {
        return fault(
                KernelFault.Kind.OUT_OF_BOUNDS,
                lane,
                "%d bytes at byte %d of %s: no variable lies there (it has %d bytes)"
                        .formatted(bytes, at, region.name, region.bytes));
    }

    KernelFault uninitialized(int lane, Region region, int at, int bytes) {
        return fault(
                KernelFault.Kind.UNINITIALIZED,
                lane,
                "reads %d bytes at %s, which nothing wrote".formatted(bytes, place(region, at)));
    }

    KernelFault race(int lane, Region region, int at, long mark, String does, String did) {
        long clock = mark >>> CLOCK_SHIFT;
        int readers = (int) (mark >> READERS_SHIFT) & 3;
        int thread = (int) mark & 1023;
        Dim3 other = block.launch.block().place(thread);
        String who =
                clock < block.startTime || readers == BLOCKS
                        ? "a thread of another block " + did + " it in this launch"
                        : readers == ONE
                                ? "thread " + other + " " + did + " it with no barrier between"
                                : "several threads, "
                                        + other
                                        + " last, "
                                        + did
                                        + " it with no barrier between";
        return fault(
                KernelFault.Kind.RACE,
                lane,
                "race: " + does + " " + place(region, at) + "; " + who);
    }

    private String place(Region region, int at) {
        return region.global
                ? block.memory.describe(region.base + at)
                : "byte " + at + " of " + region.name;
    }

    /// What is thrown where a thread breaks a rule.
    KernelFault fault(KernelFault.Kind kind, int lane, String rule) {
        return new KernelFault(
                kind,
                current.line(),
                "kernel %s, PTX line %d `%s`, block %s, thread %s: %s"
                        .formatted(
                                kernel.name(),
                                current.line(),
                                current.text(),
                                block.place,
                                block.launch.block().place(number * (long) LANES + lane),
                                rule));
    }

    @Override
    public String toString() {
        return "warp " + number + " at PTX line " + current.line() + " `" + current.text() + "`";
    }

    @Override
    public String kernelName() {
        return kernel.name();
    }

    @Override
    public Dim3 blockPlace() {
        return block.place;
    }

    @Override
    public int warp() {
        return number;
    }

    @Override
    public int line() {
        return current.line();
    }

    @Override
    public String text() {
        return current.text();
    }

    @Override
    public int activeMask() {
        return active;
    }

    @Override
    public Set<String> registerNames() {
        return kernel.registers.keySet();
    }

    @Override
    public long[] register(String name) {
        Map<String, Integer> known = kernel.registers;
        Integer number = known.get(name);
        if (number == null) {
            throw new IllegalArgumentException(
                    "register " + name + " is not one of kernel " + kernel.name());
        }
        return Arrays.copyOfRange(registers, number * LANES, (number + 1) * LANES);
    }
}
