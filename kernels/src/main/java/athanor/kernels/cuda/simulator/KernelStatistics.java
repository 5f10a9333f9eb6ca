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
        long bankConflicts) {
    public static final KernelStatistics NONE = new KernelStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0);

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
                bankConflicts + other.bankConflicts);
    }
}
