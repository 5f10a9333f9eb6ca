package athanor.kernels.cuda.simulator;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A kernel to be run over a grid of blocks.
///
/// @param sharedBytes the size of dynamic shared memory
/// @param arguments packed as the kernel's parameters lie: see [Kernel#arguments]
/// @param seed what the order of the blocks and of the warps in a block comes from
public record Launch(
        Kernel kernel, Dim3 grid, Dim3 block, int sharedBytes, ByteBuffer arguments, long seed) {
    /// What a GPU allows without asking for more.
    private static final int MAX_SHARED = 48 << 10;

    private static final int MAX_THREADS = 1024;
    private static final int MAX_GRID_YZ = 65_535;

    public Launch {
        arguments = arguments.slice().order(ByteOrder.LITTLE_ENDIAN);
        check(kernel, within(grid, Integer.MAX_VALUE, MAX_GRID_YZ, MAX_GRID_YZ), "grid " + grid);
        check(
                kernel,
                within(block, MAX_THREADS, MAX_THREADS, 64) && block.count() <= MAX_THREADS,
                "block " + block + " (at most 1024 threads)");
        int shared = kernel.shared.variables().stream().mapToInt(Variable::bytes).sum();
        check(
                kernel,
                sharedBytes >= 0 && shared + sharedBytes <= MAX_SHARED,
                shared + " static and " + sharedBytes + " dynamic bytes of shared memory (48 KiB)");
        check(
                kernel,
                arguments.remaining() == kernel.parameterBytes(),
                arguments.remaining()
                        + " bytes of arguments ("
                        + kernel.parameterBytes()
                        + " needed)");
    }

    private static boolean within(Dim3 size, int x, int y, int z) {
        return size.x() >= 1
                && size.y() >= 1
                && size.z() >= 1
                && size.x() <= x
                && size.y() <= y
                && size.z() <= z;
    }

    private static void check(Kernel kernel, boolean holds, String what) {
        if (!holds) {
            throw new IllegalArgumentException(
                    "kernel " + kernel.name() + " cannot be launched with " + what);
        }
    }
}
