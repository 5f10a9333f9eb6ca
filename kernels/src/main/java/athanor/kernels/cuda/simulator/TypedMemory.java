package athanor.kernels.cuda.simulator;

import athanor.kernels.cuda.CudaError;
import athanor.kernels.cuda.DataType;
import athanor.kernels.elementwise.HalfPrecision;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Numbers in the memory of a simulated device, whatever their type there.
record TypedMemory(DeviceAccess device) {
    /// Bits of a float's fraction that TF32 has not.
    private static final int TF32_LOST = 13;

    /// Refuses what a call would touch and should not: at once, though the work is done later.
    void require(String call, String what, long address, long count, DataType type) {
        if (address % type.bytes() != 0) {
            throw new CudaError(
                    call,
                    "%s at %#x".formatted(what, address),
                    "CUDA_ERROR_MISALIGNED_ADDRESS",
                    "%s numbers lie at multiples of %d".formatted(type, type.bytes()));
        }
        device.require(address, count * type.bytes(), "%s of %s".formatted(what, call));
    }

    /// Refuses two places that share bytes: what comes out would depend on the order of threads.
    static void separate(
            String call,
            String status,
            String what,
            long a,
            long aBytes,
            String other,
            long b,
            long bBytes) {
        if (aBytes > 0 && bBytes > 0 && a < b + bBytes && b < a + aBytes) {
            throw new CudaError(
                    call,
                    "%s at %#x, %s at %#x".formatted(what, a, other, b),
                    status,
                    "the two overlap");
        }
    }

    /// Reads `columns` runs of `rows` numbers, whose starts lie `leading` numbers apart, to the
    /// same places of an array. What lies between is not touched.
    float[] read(long address, DataType type, int rows, int columns, int leading) {
        if (rows == 0 || columns == 0) {
            return new float[0];
        }
        float[] numbers = new float[Math.addExact(Math.multiplyExact(leading, columns - 1), rows)];
        int run = leading == rows ? rows * columns : rows;
        for (int at = 0; at < numbers.length; at += leading == rows ? run : leading) {
            ByteBuffer bytes =
                    order(
                            device.read(
                                    address + (long) at * type.bytes(), (long) run * type.bytes()));
            for (int i = 0; i < run; i++) {
                numbers[at + i] =
                        switch (type) {
                            case FLOAT32 -> bytes.getFloat();
                            case FLOAT16 -> Float.float16ToFloat(bytes.getShort());
                            case BFLOAT16 -> HalfPrecision.fromBfloat16(bytes.getShort());
                        };
            }
        }
        return numbers;
    }

    /// Writes `columns` runs of `rows` numbers each, which lie one behind the other in the array,
    /// to places `leading` numbers apart; rounded to nearest, ties to even.
    void write(long address, DataType type, float[] numbers, int rows, int columns, int leading) {
        if (leading == rows && columns > 1) {
            write(address, type, numbers, rows * columns, 1, rows * columns);
            return;
        }
        for (int column = 0; column < columns; column++) {
            byte[] run = new byte[rows * type.bytes()];
            ByteBuffer bytes = order(run);
            for (int i = 0; i < rows; i++) {
                float number = numbers[column * rows + i];
                switch (type) {
                    case FLOAT32 -> bytes.putFloat(number);
                    case FLOAT16 -> bytes.putShort(Float.floatToFloat16(number));
                    case BFLOAT16 -> bytes.putShort(HalfPrecision.toBfloat16(number));
                }
            }
            device.write(address + (long) column * leading * type.bytes(), run);
        }
    }

    /// What a device of this kind refuses of a type.
    ///
    /// @throws CudaError with the status given
    void requireType(String call, String status, DataType type) {
        boolean known =
                switch (type) {
                    case FLOAT32 -> true;
                    case FLOAT16 -> device.device().isAtLeast(5, 3);
                    case BFLOAT16 -> device.device().isAtLeast(8, 0);
                };
        if (!known) {
            throw new CudaError(call, type.toString(), status);
        }
    }

    /// Rounds factors as tensor cores take them, if the device has such: to nearest, ties away from
    /// zero.
    void roundToTf32(float[] numbers) {
        if (!device.device().isAtLeast(8, 0)) {
            return;
        }
        for (int i = 0; i < numbers.length; i++) {
            if (Float.isFinite(numbers[i])) {
                int bits = Float.floatToRawIntBits(numbers[i]) + (1 << (TF32_LOST - 1));
                numbers[i] = Float.intBitsToFloat(bits >> TF32_LOST << TF32_LOST);
            }
        }
    }

    private static ByteBuffer order(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
