package athanor.kernels.cuda.simulator;

import java.util.Arrays;

/// Counts what a launch moves, one instruction of a warp after the other.
final class Traffic {
    private static final int SECTOR_BITS = 5;
    private static final int BANKS = 32;

    final boolean counting;
    private final int launch;
    private int block;
    long threadInstructions;
    private long loadedBytes;
    private long storedBytes;
    private long loadedSectors;
    private long storedSectors;
    private long movedSectors;
    private long leastLoaded;
    private long leastStored;
    private long bankConflicts;
    /// The sectors of this instruction, or the first words of its lanes.
    private final long[] seen = new long[Warp.LANES];
    private int count;
    private final int[] firstOfBank = new int[BANKS];
    private final int[] nextOfBank = new int[BANKS];
    private final long[] words = new long[BANKS];

    /// Blocks are numbered from `firstBlock` on, as no other launch numbers them.
    Traffic(boolean counting, int launch, int firstBlock) {
        this.counting = counting;
        this.launch = launch;
        block = firstBlock;
    }

    /// The next block begins, with nothing in its cache.
    void beginBlock() {
        block++;
    }

    /// A new instruction of a warp.
    void begin() {
        count = 0;
    }

    /// A lane's access to global memory; aligned as it is, it lies in one sector.
    void global(Region region, int at, int bytes, boolean load) {
        int sector = at >> SECTOR_BITS;
        if (load) {
            loadedBytes += bytes;
        } else {
            storedBytes += bytes;
        }
        if (isSeen(region.base + sector)) {
            return;
        }
        int[] touched = load ? region.loaded : region.stored;
        boolean first = touched[sector] != launch;
        touched[sector] = launch;
        if (load) {
            loadedSectors++;
            leastLoaded += first ? 1 : 0;
            movedSectors += region.loadedByBlock[sector] == block ? 0 : 1;
            region.loadedByBlock[sector] = block;
        } else {
            storedSectors++;
            movedSectors++;
            leastStored += first ? 1 : 0;
        }
    }

    private boolean isSeen(long sector) {
        for (int i = count - 1; i >= 0; i--) {
            if (seen[i] == sector) {
                return true;
            }
        }
        seen[count++] = sector;
        return false;
    }

    /// A lane's access to shared memory.
    void shared(int at) {
        seen[count++] = at >> 2;
    }

    /// After the lanes' accesses to shared memory, of so many bytes each: lanes that together take
    /// 128 bytes go at once, and of different words in a bank one goes in a cycle.
    void endShared(int bytes) {
        int perLane = Math.max(1, bytes / 4);
        int together = Warp.LANES / perLane;
        for (int from = 0; from < count; from += together) {
            bankConflicts += cycles(from, Math.min(from + together, count), perLane) - 1;
        }
    }

    private int cycles(int from, int to, int perLane) {
        Arrays.fill(firstOfBank, -1);
        int used = 0;
        int cycles = 1;
        for (int i = from; i < to; i++) {
            for (int k = 0; k < perLane; k++) {
                long word = seen[i] + k;
                int bank = (int) word & (BANKS - 1);
                int length = 1;
                int other = firstOfBank[bank];
                while (other >= 0 && words[other] != word) {
                    length++;
                    other = nextOfBank[other];
                }
                if (other < 0) {
                    words[used] = word;
                    nextOfBank[used] = firstOfBank[bank];
                    firstOfBank[bank] = used++;
                    cycles = Math.max(cycles, length);
                }
            }
        }
        return cycles;
    }

    KernelStatistics statistics() {
        return new KernelStatistics(
                1,
                threadInstructions,
                loadedBytes,
                storedBytes,
                loadedSectors,
                storedSectors,
                leastLoaded,
                leastStored,
                movedSectors,
                bankConflicts);
    }
}
