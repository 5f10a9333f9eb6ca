package athanor.kernels.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/// The arguments of a kernel in the order of its `.param` lines, each at a multiple of its own
/// size, as PTX lays them out: `new Arguments().address(x).address(y).int32(n).float32(alpha)`.
/// The driver copies them during [Driver#launch]; they can be used again after it.
public final class Arguments {
    /// The most arguments that a kernel takes.
    public static final int MOST = 32;

    private final ByteBuffer bytes =
            ByteBuffer.allocateDirect(MOST * Long.BYTES).order(ByteOrder.nativeOrder());
    private final int[] offsets = new int[MOST];
    private int count;
    private int end;

    /// A `.param .u64` with an address of device memory.
    public Arguments address(long address) {
        return int64(address);
    }

    /// A `.param .u64` or `.s64`.
    public Arguments int64(long value) {
        bytes.putLong(next(Long.BYTES), value);
        return this;
    }

    /// A `.param .u32` or `.s32`.
    public Arguments int32(int value) {
        bytes.putInt(next(Integer.BYTES), value);
        return this;
    }

    /// A `.param .f32`.
    public Arguments float32(float value) {
        bytes.putFloat(next(Float.BYTES), value);
        return this;
    }

    private int next(int size) {
        if (count == MOST) {
            throw new IllegalStateException("a kernel takes at most %d arguments".formatted(MOST));
        }
        int offset = (end + size - 1) / size * size;
        offsets[count++] = offset;
        end = offset + size;
        return offset;
    }

    public int count() {
        return count;
    }

    /// Byte at which argument i begins.
    public int offset(int i) {
        return offsets[Objects.checkIndex(i, count)];
    }

    /// Bytes of all arguments, without any behind the last.
    public int size() {
        return end;
    }

    /// The arguments' bytes, [#size] of them, in the order of the machine: a direct buffer from 0.
    public ByteBuffer bytes() {
        return bytes.slice(0, end).order(ByteOrder.nativeOrder());
    }
}
