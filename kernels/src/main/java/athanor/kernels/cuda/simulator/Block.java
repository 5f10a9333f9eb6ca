package athanor.kernels.cuda.simulator;

import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A block of threads while it runs. One object runs all blocks of a launch, one after another;
/// the warps take turns of random length.
final class Block {
    private static final int LONGEST_TURN = 128;
    /// Turns after which a block is taken to run for ever.
    private static final int MOST_TURNS = 2_000_000;

    final DeviceMemory memory;
    final Launch launch;
    final Traffic traffic;
    final Trace trace;
    final Region shared;
    /// By access: the allocation it met last, where it looks first.
    final Region[] lastRegion;

    private final Region none = new Region("nothing", 0, 1, true, true);
    private final long[] initial;
    private final Warp[] warps;
    private final SplittableRandom random;
    Dim3 place = Dim3.of(0);
    /// The clock now, at the start of the launch and of this block, and at its last barrier.
    long now;

    final long launchTime;
    long startTime;
    long barrierTime;

    Block(
            DeviceMemory memory,
            Launch launch,
            long[] initial,
            Traffic traffic,
            Trace trace,
            SplittableRandom random) {
        this.memory = memory;
        this.launch = launch;
        this.initial = initial;
        this.traffic = traffic;
        this.trace = trace;
        this.random = random;
        launchTime = tick();
        Kernel kernel = launch.kernel();
        shared = sharedMemory(kernel.shared, launch.sharedBytes());
        lastRegion = new Region[kernel.accesses];
        warps = new Warp[(int) (launch.block().count() + Warp.LANES - 1) / Warp.LANES];
        for (int i = 0; i < warps.length; i++) {
            warps[i] = new Warp(this, i, kernel);
        }
    }

    private static Region sharedMemory(Kernel.SharedLayout layout, int dynamicBytes) {
        Region region = new Region("shared memory", 0, layout.bytes() + dynamicBytes, false, false);
        region.guard(0, layout.bytes());
        for (Variable variable : layout.variables()) {
            int at = layout.offsets().getOrDefault(variable.name(), 0);
            region.mark(at, variable.bytes(), 0);
        }
        return region;
    }

    /// Moves the clock.
    long tick() {
        now = memory.clock++;
        return now;
    }

    void run(Dim3 at) {
        place = at;
        startTime = tick();
        barrierTime = startTime;
        for (Warp warp : warps) {
            warp.start(initial, launch, at);
        }
        Warp[] running = warps.clone();
        int count = running.length;
        for (int turn = 0; ; turn++) {
            if (count == 0) {
                count = releaseBarrier(running);
                if (count == 0) {
                    return;
                }
            }
            int next = count == 1 ? 0 : random.nextInt(count);
            running[next].run(1 + random.nextInt(LONGEST_TURN));
            if (running[next].state != Warp.State.RUNNING) {
                running[next] = running[--count];
            }
            if (turn == MOST_TURNS) {
                throw running[0].fault(
                        KernelFault.Kind.ENDLESS, 0, "the block does not come to an end");
            }
        }
    }

    /// Lets the warps go on that wait at the barrier, when all do; the number of them.
    private int releaseBarrier(Warp[] running) {
        int count = 0;
        for (Warp warp : warps) {
            if (warp.state == Warp.State.AT_BARRIER) {
                running[count++] = warp;
            }
        }
        for (int i = 0; i < count; i++) {
            if (running[i].barrier != running[0].barrier) {
                throw running[i].fault(
                        KernelFault.Kind.DEADLOCK,
                        0,
                        "the warps wait at different barriers: "
                                + Stream.of(running)
                                        .limit(count)
                                        .map(Warp::toString)
                                        .collect(Collectors.joining(", ")));
            }
        }
        barrierTime = tick();
        for (int i = 0; i < count; i++) {
            running[i].state = Warp.State.RUNNING;
        }
        return count;
    }

    /// The allocation that the lane's access falls into.
    Region global(Warp warp, int lane, long address, int bytes, int access) {
        Region last = lastRegion[access];
        if (last != null && address >= last.base && address + bytes <= last.base + last.bytes) {
            return last;
        }
        Region found = memory.find(address, bytes, none);
        if (found == none) {
            throw warp.fault(
                    memory.wasFreed(address)
                            ? KernelFault.Kind.FREED
                            : KernelFault.Kind.OUT_OF_BOUNDS,
                    lane,
                    bytes + " bytes: " + memory.describe(address));
        }
        lastRegion[access] = found;
        return found;
    }
}
