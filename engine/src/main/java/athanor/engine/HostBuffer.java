package athanor.engine;

import athanor.kernels.elementwise.HalfPrecision;
import java.lang.foreign.MemorySegment;

/// Elements in an array on the heap. [#get] and [#set] read and write any type as double: what
/// plain loops use. Kernels take the array itself.
public final class HostBuffer implements Buffer {
    private final DType dtype;
    private final int length;
    private final float[] floats;
    private final double[] doubles;
    private final short[] shorts;
    private final int[] ints;
    private final byte[] bytes;

    private HostBuffer(
            DType dtype,
            int length,
            float[] floats,
            double[] doubles,
            short[] shorts,
            int[] ints,
            byte[] bytes) {
        this.dtype = dtype;
        this.length = length;
        this.floats = floats;
        this.doubles = doubles;
        this.shorts = shorts;
        this.ints = ints;
        this.bytes = bytes;
    }

    public static HostBuffer allocate(DType dtype, int length) {
        return switch (dtype) {
            case FLOAT32 -> of(new float[length]);
            case FLOAT64 -> of(new double[length]);
            case FLOAT16, BFLOAT16 -> of(dtype, new short[length]);
            case INT32 -> of(new int[length]);
            case UINT8 -> of(new byte[length]);
        };
    }

    /// Wraps the array; it is not copied.
    public static HostBuffer of(float... array) {
        return new HostBuffer(
                DType.FLOAT32, array.length, array, NO_DOUBLES, NO_SHORTS, NO_INTS, NO_BYTES);
    }

    /// Wraps the array; it is not copied.
    public static HostBuffer of(double... array) {
        return new HostBuffer(
                DType.FLOAT64, array.length, NO_FLOATS, array, NO_SHORTS, NO_INTS, NO_BYTES);
    }

    /// Wraps the bits of numbers of a type of 16; they are not copied.
    public static HostBuffer of(DType dtype, short... array) {
        if (!dtype.is16Bits()) {
            throw new IllegalArgumentException(dtype + " has no elements of 16 bits");
        }
        return new HostBuffer(dtype, array.length, NO_FLOATS, NO_DOUBLES, array, NO_INTS, NO_BYTES);
    }

    /// Wraps the array; it is not copied.
    public static HostBuffer of(int... array) {
        return new HostBuffer(
                DType.INT32, array.length, NO_FLOATS, NO_DOUBLES, NO_SHORTS, array, NO_BYTES);
    }

    /// Wraps the array; it is not copied.
    public static HostBuffer of(byte... array) {
        return new HostBuffer(
                DType.UINT8, array.length, NO_FLOATS, NO_DOUBLES, NO_SHORTS, NO_INTS, array);
    }

    @Override
    public DType dtype() {
        return dtype;
    }

    @Override
    public int length() {
        return length;
    }

    public float[] floats() {
        return require(DType.FLOAT32, floats);
    }

    public double[] doubles() {
        return require(DType.FLOAT64, doubles);
    }

    /// The bits of numbers of 16.
    public short[] shorts() {
        return require(dtype.is16Bits() ? dtype : DType.FLOAT16, shorts);
    }

    public int[] ints() {
        return require(DType.INT32, ints);
    }

    public byte[] bytes() {
        return require(DType.UINT8, bytes);
    }

    /// The array as memory.
    public MemorySegment segment() {
        return switch (dtype) {
            case FLOAT32 -> MemorySegment.ofArray(floats);
            case FLOAT64 -> MemorySegment.ofArray(doubles);
            case FLOAT16, BFLOAT16 -> MemorySegment.ofArray(shorts);
            case INT32 -> MemorySegment.ofArray(ints);
            case UINT8 -> MemorySegment.ofArray(bytes);
        };
    }

    /// The element as a double; bytes are unsigned.
    public double get(int index) {
        return switch (dtype) {
            case FLOAT32 -> floats[index];
            case FLOAT64 -> doubles[index];
            case FLOAT16 -> Float.float16ToFloat(shorts[index]);
            case BFLOAT16 -> HalfPrecision.fromBfloat16(shorts[index]);
            case INT32 -> ints[index];
            case UINT8 -> bytes[index] & 0xff;
        };
    }

    /// Stores the value, rounded to the element's type as a Java cast does it; to 16 bits by way
    /// of a float, as on every backend.
    public void set(int index, double value) {
        switch (dtype) {
            case FLOAT32 -> floats[index] = (float) value;
            case FLOAT64 -> doubles[index] = value;
            case FLOAT16 -> shorts[index] = Float.floatToFloat16((float) value);
            case BFLOAT16 -> shorts[index] = HalfPrecision.toBfloat16((float) value);
            case INT32 -> ints[index] = (int) value;
            case UINT8 -> bytes[index] = (byte) (int) value;
        }
    }

    private <A> A require(DType wanted, A array) {
        if (dtype != wanted) {
            throw new IllegalStateException("a buffer of " + dtype + " was used as " + wanted);
        }
        return array;
    }

    private static final float[] NO_FLOATS = {};
    private static final double[] NO_DOUBLES = {};
    private static final short[] NO_SHORTS = {};
    private static final int[] NO_INTS = {};
    private static final byte[] NO_BYTES = {};
}
