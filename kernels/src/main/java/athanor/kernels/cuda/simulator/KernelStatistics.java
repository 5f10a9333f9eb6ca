package athanor.kernels.cuda.simulator;

/// What launches did.
///
/// @param launches how many there were
/// @param threadInstructions instructions times the threads that ran them
/// @param loadedBytes what threads asked for from global memory
/// @param storedBytes what threads wrote to global memory, atomic operations included
/// @param loadedSectors sectors of 32 bytes that those loads moved: the distinct ones of each
///     instruction of a warp
/// @param storedSectors the same for stores
/// @param leastLoadedSectors what would have been moved had each sector moved once in its launch
/// @param leastStoredSectors the same for stores
/// @param movedSectors what went through the caches of the multiprocessors: the sectors stored, and
///     of those loaded the ones that their block had not loaded before
/// @param bankConflicts cycles that shared memory took beyond the least
public record KernelStatistics(
        long launches,
        long threadInstructions,
        long loadedBytes,
        long storedBytes,
        long loadedSectors,
        long storedSectors,
        long leastLoadedSectors,
        long leastStoredSectors,
        long movedSectors,
        long bankConflicts) {
    public static final KernelStatistics NONE = new KernelStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    /// The fewest bytes that the launches could have moved.
    public long leastBytes() {
        return 32 * (leastLoadedSectors + leastStoredSectors);
    }

    /// The bytes that they moved, in sectors.
    public long movedBytes() {
        return 32 * movedSectors;
    }

    /// How much of the sectors that warps asked for was used, 1 where neighbours lie together.
    public double coalescing() {
        long sectors = loadedSectors + storedSectors;
        return sectors == 0 ? 1 : (loadedBytes + storedBytes) / (32.0 * sectors);
    }

    public KernelStatistics plus(KernelStatistics other) {
        return new KernelStatistics(
                launches + other.launches,
                threadInstructions + other.threadInstructions,
                loadedBytes + other.loadedBytes,
                storedBytes + other.storedBytes,
                loadedSectors + other.loadedSectors,
                storedSectors + other.storedSectors,
                leastLoadedSectors + other.leastLoadedSectors,
                leastStoredSectors + other.leastStoredSectors,
                movedSectors + other.movedSectors,
                bankConflicts + other.bankConflicts);
    }
}
