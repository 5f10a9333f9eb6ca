package athanor.kernels.cuda.simulator;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/// A piece of memory: an allocation, a block's shared memory or a warp's local memory. Beside the
/// bytes lie two marks for each word of four bytes (for each byte, once anything narrower was
/// accessed): who wrote it last and who read it since. So it is known whether anything was written
/// there and whether two threads met there without a barrier between them; [Warp] says how marks
/// are made and judged.
final class Region {
    private static final VarHandle SHORTS = view(short[].class);
    private static final VarHandle INTS = view(int[].class);
    private static final VarHandle LONGS = view(long[].class);
    /// All floats of it are NaN.
    private static final byte FRESH = -1;
    /// The mark of bytes that lie between the variables.
    private static final long GUARD = -1;

    final String name;
    final long base;
    final int bytes;
    final boolean readOnly;
    /// Whether blocks share it, so that accesses of other blocks in the launch count as races.
    final boolean global;
    final byte[] data;
    /// By sector of 32 bytes: the launch that loaded or stored it last, and the block that loaded
    /// it.
    final int[] loaded;

    final int[] stored;
    final int[] loadedByBlock;
    private long[] written;
    private long[] read;
    private int shift = 2;

    Region(String name, long base, int bytes, boolean global, boolean readOnly) {
        this.name = name;
        this.base = base;
        this.bytes = bytes;
        this.global = global;
        this.readOnly = readOnly;
        data = new byte[bytes];
        Arrays.fill(data, FRESH);
        int words = (bytes + 3) / 4;
        written = new long[words];
        read = new long[words];
        loaded = new int[global ? (bytes + 31) / 32 : 0];
        stored = new int[loaded.length];
        loadedByBlock = new int[loaded.length];
    }

    private static VarHandle view(Class<?> type) {
        return MethodHandles.byteArrayViewVarHandle(type, ByteOrder.LITTLE_ENDIAN);
    }

    /// The value at the place, as register bits.
    ///
    /// @param strong whether the access is atomic or in order with such ones
    /// @param cached whether it may see what was there before the launch: `ld.global.nc`
    long load(Warp warp, int lane, int at, int width, boolean strong, boolean cached) {
        if (width < 1 << shift) {
            refine();
        }
        long[] marks = written;
        for (int i = at >> shift, last = (at + width - 1) >> shift; i <= last; i++) {
            long mark = marks[i];
            if (mark < warp.freshUntil(this)) {
                throw mark == GUARD
                        ? warp.outOfBounds(lane, this, at, width)
                        : warp.uninitialized(lane, this, at, width);
            }
            if (mark >= warp.racesFrom(this) && (cached || warp.races(mark, lane, strong))) {
                throw warp.race(lane, this, at, mark, "reads", "wrote");
            }
            read[i] = warp.readMark(this, read[i], lane, strong);
        }
        return get(at, width);
    }

    /// Stores register bits at the place. Threads may write the same value to one place.
    void store(Warp warp, int lane, int at, int width, long value, boolean strong) {
        if (width < 1 << shift) {
            refine();
        }
        for (int i = at >> shift, last = (at + width - 1) >> shift; i <= last; i++) {
            long mark = written[i];
            if (mark == GUARD) {
                throw warp.outOfBounds(lane, this, at, width);
            }
            long from = warp.racesFrom(this);
            if (mark >= from
                    && warp.races(mark, lane, strong)
                    && (strong || !holds(at, width, value))) {
                throw warp.race(lane, this, at, mark, "writes", "wrote");
            }
            if (read[i] >= from && warp.races(read[i], lane, strong)) {
                throw warp.race(lane, this, at, read[i], "writes", "read");
            }
            written[i] = warp.mark(lane, strong);
        }
        put(at, width, value);
    }

    private boolean holds(int at, int width, long value) {
        return get(at, width) == value << (64 - 8 * width) >>> (64 - 8 * width);
    }

    long get(int at, int width) {
        return switch (width) {
            case 1 -> data[at] & 0xffL;
            case 2 -> (short) SHORTS.get(data, at) & 0xffffL;
            case 4 -> (int) INTS.get(data, at) & 0xffffffffL;
            default -> (long) LONGS.get(data, at);
        };
    }

    private void put(int at, int width, long value) {
        switch (width) {
            case 1 -> data[at] = (byte) value;
            case 2 -> SHORTS.set(data, at, (short) value);
            case 4 -> INTS.set(data, at, (int) value);
            default -> LONGS.set(data, at, value);
        }
    }

    /// Says that the host wrote or, with `mark` 0, that nothing did.
    void mark(int at, int count, long mark) {
        if (((at | count) & ((1 << shift) - 1)) != 0 && at + count < bytes) {
            refine();
        }
        int end = (at + count + (1 << shift) - 1) >> shift;
        Arrays.fill(written, at >> shift, end, mark);
        Arrays.fill(read, at >> shift, end, 0);
        if (mark == 0) {
            Arrays.fill(data, at, at + count, FRESH);
        }
    }

    boolean isWritten(int at, int count) {
        for (int i = at >> shift; i <= (at + count - 1) >> shift; i++) {
            if (written[i] == 0) {
                return false;
            }
        }
        return true;
    }

    /// Makes bytes that no access may touch.
    void guard(int at, int count) {
        mark(at, count, GUARD);
    }

    /// From now on a mark for each byte.
    private void refine() {
        if (shift == 0) {
            return;
        }
        written = each4(written);
        read = each4(read);
        shift = 0;
    }

    private static long[] each4(long[] words) {
        long[] all = new long[words.length * 4];
        for (int i = 0; i < all.length; i++) {
            all[i] = words[i >> 2];
        }
        return all;
    }
}
