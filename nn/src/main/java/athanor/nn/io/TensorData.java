package athanor.nn.io;

import athanor.engine.DType;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// The numbers of a tensor as they stand in a file: little-endian, row by row.
public record TensorData(Type type, Shape shape, MemorySegment bytes) {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// The names of safetensors.
    public enum Type {
        F64(8),
        F32(4),
        F16(2),
        BF16(2),
        I64(8),
        I32(4),
        I16(2),
        I8(1),
        U8(1),
        BOOL(1);

        private final int bytes;

        Type(int bytes) {
            this.bytes = bytes;
        }

        public int bytes() {
            return bytes;
        }

        public boolean isFloating() {
            return switch (this) {
                case F64, F32, F16, BF16 -> true;
                case I64, I32, I16, I8, U8, BOOL -> false;
            };
        }
    }

    public TensorData {
        if (bytes.byteSize() != (long) shape.size() * type.bytes()) {
            throw new IllegalArgumentException(
                    "tensor data: "
                            + bytes.byteSize()
                            + " bytes given for "
                            + type
                            + shape
                            + ", which takes "
                            + (long) shape.size() * type.bytes());
        }
    }

    /// A copy of the values.
    public static TensorData of(Shape shape, float... values) {
        MemorySegment bytes = allocate(4L * values.length);
        MemorySegment.copy(values, 0, bytes, FLOAT, 0, values.length);
        return new TensorData(Type.F32, shape, bytes);
    }

    /// A copy of the values.
    public static TensorData of(Shape shape, double... values) {
        MemorySegment bytes = allocate(8L * values.length);
        MemorySegment.copy(values, 0, bytes, DOUBLE, 0, values.length);
        return new TensorData(Type.F64, shape, bytes);
    }

    /// A copy of the values.
    public static TensorData of(Shape shape, int... values) {
        MemorySegment bytes = allocate(4L * values.length);
        MemorySegment.copy(values, 0, bytes, INT, 0, values.length);
        return new TensorData(Type.I32, shape, bytes);
    }

    /// A copy of the values.
    public static TensorData of(Shape shape, long... values) {
        MemorySegment bytes = allocate(8L * values.length);
        MemorySegment.copy(values, 0, bytes, LONG, 0, values.length);
        return new TensorData(Type.I64, shape, bytes);
    }

    /// A copy of the values, which are unsigned.
    public static TensorData of(Shape shape, byte... values) {
        return new TensorData(Type.U8, shape, MemorySegment.ofArray(values.clone()));
    }

    /// The values of any floating type.
    public float[] floats() {
        if (type == Type.F32) {
            return bytes.toArray(FLOAT);
        }
        float[] values = new float[shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) floating(i);
        }
        return values;
    }

    /// The values of any floating type.
    public double[] doubles() {
        double[] values = new double[shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = floating(i);
        }
        return values;
    }

    /// The values of any integer type.
    public long[] longs() {
        long[] values = new long[shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = integer(i);
        }
        return values;
    }

    /// The values of any integer type; throws where one does not fit.
    public int[] ints() {
        int[] values = new int[shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.toIntExact(integer(i));
        }
        return values;
    }

    /// The values of any floating type as FLOAT32 or FLOAT64.
    HostBuffer host(DType dtype) {
        return dtype == DType.FLOAT64 ? HostBuffer.of(doubles()) : HostBuffer.of(floats());
    }

    private double floating(long i) {
        return switch (type) {
            case F64 -> bytes.get(DOUBLE, 8 * i);
            case F32 -> bytes.get(FLOAT, 4 * i);
            case F16 -> Float.float16ToFloat(bytes.get(SHORT, 2 * i));
            case BF16 -> Float.intBitsToFloat(bytes.get(SHORT, 2 * i) << 16);
            case I64, I32, I16, I8, U8, BOOL ->
                    throw new IllegalStateException("tensor data of " + type + " read as floating");
        };
    }

    private long integer(long i) {
        return switch (type) {
            case I64 -> bytes.get(LONG, 8 * i);
            case I32 -> bytes.get(INT, 4 * i);
            case I16 -> bytes.get(SHORT, 2 * i);
            case I8 -> bytes.get(ValueLayout.JAVA_BYTE, i);
            case U8, BOOL -> bytes.get(ValueLayout.JAVA_BYTE, i) & 0xff;
            case F64, F32, F16, BF16 ->
                    throw new IllegalStateException("tensor data of " + type + " read as integers");
        };
    }

    /// On the heap; an array of longs holds up to 16 GB.
    private static MemorySegment allocate(long size) {
        return MemorySegment.ofArray(new long[Math.toIntExact((size + 7) / 8)]).asSlice(0, size);
    }
}
