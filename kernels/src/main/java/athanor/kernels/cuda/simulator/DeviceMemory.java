package athanor.kernels.cuda.simulator;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/// The memory of a simulated GPU: allocations in an address space of their own, far apart, so that
/// an address outside them all is an error. An address is never given twice, so a use after free
/// is found. Fresh memory holds NaNs and counts as written by nothing.
public final class DeviceMemory {
    private static final long FIRST = 0x7f00_0000_0000L;
    /// What allocations lie apart, and what they start at a multiple of.
    private static final long GUARD = 1 << 20;

    /// A mark of the host: older than any launch.
    private static final long HOST = 1L << Warp.CLOCK_SHIFT;

    private final long capacity;
    private final TreeMap<Long, Region> live = new TreeMap<>();
    private final TreeMap<Long, Long> freed = new TreeMap<>();
    private long next = FIRST;
    private long used;
    /// Counts launches, blocks and barriers, as the marks in memory want it.
    long clock = 2;

    /// A memory of that many bytes.
    public DeviceMemory(long capacity) {
        this.capacity = capacity;
    }

    /// The address of so many fresh bytes, or 0 where the memory does not suffice.
    public long allocate(long bytes) {
        return allocate("allocation", bytes, false);
    }

    long allocate(String name, long bytes, boolean readOnly) {
        if (bytes < 1 || bytes > Integer.MAX_VALUE - 64) {
            throw new IllegalArgumentException(
                    "allocation of " + bytes + " bytes: 1 to 2^31 - 65 can be simulated");
        }
        if (used + bytes > capacity) {
            return 0;
        }
        long address = next;
        next += (bytes + 2 * GUARD - 1) / GUARD * GUARD;
        used += bytes;
        live.put(address, new Region(name, address, (int) bytes, true, readOnly));
        return address;
    }

    /// @throws IllegalArgumentException where no allocation starts at the address
    public void free(long address) {
        Region region = live.remove(address);
        if (region == null) {
            throw new IllegalArgumentException("free: " + describe(address));
        }
        used -= region.bytes;
        freed.put(address, (long) region.bytes);
    }

    /// Bytes allocated.
    public long used() {
        return used;
    }

    public long capacity() {
        return capacity;
    }

    /// Copies the whole segment to the device.
    public void copyIn(MemorySegment from, long address) {
        Region region = range(address, from.byteSize());
        int at = (int) (address - region.base);
        int count = (int) from.byteSize();
        MemorySegment.copy(from, 0, MemorySegment.ofArray(region.data), at, count);
        region.mark(at, count, HOST);
    }

    /// Fills the whole segment from the device.
    public void copyOut(long address, MemorySegment to) {
        Region region = range(address, to.byteSize());
        MemorySegment.copy(
                MemorySegment.ofArray(region.data), address - region.base, to, 0, to.byteSize());
    }

    /// Copies from device to device.
    public void copy(long from, long to, long bytes) {
        Region source = range(from, bytes);
        copyIn(MemorySegment.ofArray(source.data).asSlice(from - source.base, bytes), to);
    }

    public void fill(long address, long bytes, byte value) {
        Region region = range(address, bytes);
        int at = (int) (address - region.base);
        Arrays.fill(region.data, at, at + (int) bytes, value);
        region.mark(at, (int) bytes, HOST);
    }

    /// Makes bytes as fresh as after their allocation: for a pool that gives them to another.
    public void forget(long address, long bytes) {
        Region region = range(address, bytes);
        region.mark((int) (address - region.base), (int) bytes, 0);
    }

    /// Whether the bytes lie in one allocation.
    boolean holds(long address, long bytes) {
        Map.Entry<Long, Region> entry = live.floorEntry(address);
        return entry != null && address + bytes <= entry.getKey() + entry.getValue().bytes;
    }

    /// Whether the host or a kernel has written all of the bytes.
    boolean isWritten(long address, long bytes) {
        Region region = range(address, bytes);
        return region.isWritten((int) (address - region.base), (int) bytes);
    }

    private Region range(long address, long bytes) {
        Map.Entry<Long, Region> entry = live.floorEntry(address);
        if (entry == null || address + bytes > entry.getKey() + entry.getValue().bytes) {
            throw new IllegalArgumentException(bytes + " bytes at " + describe(address));
        }
        return entry.getValue();
    }

    /// The allocation that the bytes lie in, or `none`.
    Region find(long address, int bytes, Region none) {
        Map.Entry<Long, Region> entry = live.floorEntry(address);
        return entry != null && address + bytes <= entry.getKey() + entry.getValue().bytes
                ? entry.getValue()
                : none;
    }

    boolean wasFreed(long address) {
        Map.Entry<Long, Long> entry = freed.floorEntry(address);
        return entry != null && address < entry.getKey() + entry.getValue();
    }

    /// The address and the nearest allocation, in words.
    public String describe(long address) {
        String place = "address 0x" + Long.toHexString(address) + " ";
        if (wasFreed(address)) {
            Map.Entry<Long, Long> entry = freed.floorEntry(address);
            return place
                    + "lies at byte %d of an allocation of %d bytes that was freed"
                            .formatted(address - entry.getKey(), entry.getValue());
        }
        Map.Entry<Long, Region> below = live.floorEntry(address);
        Map.Entry<Long, Region> above = live.higherEntry(address);
        if (below == null && above == null) {
            return place + "lies in no allocation; there is none";
        }
        boolean nearer =
                above == null
                        || (below != null
                                && address - below.getKey() - below.getValue().bytes
                                        <= above.getKey() - address);
        Region region = nearer ? below.getValue() : above.getValue();
        long offset = address - region.base;
        String relation =
                offset < 0
                        ? -offset + " bytes before"
                        : offset >= region.bytes
                                ? (offset - region.bytes) + " bytes after the end of"
                                : "at byte " + offset + " of";
        return place
                + "lies %s the %s of %d bytes at 0x%x"
                        .formatted(relation, region.name, region.bytes, region.base);
    }
}
