package athanor.kernels.cuda.simulator;

import java.lang.foreign.MemorySegment;

/// A simulated GPU with arrays on it.
final class Gpu {
    final DeviceMemory memory = new DeviceMemory(1 << 28);
    final Simulator simulator = new Simulator(memory);
    private final PtxModule module;
    private final long seed;

    Gpu(PtxModule module, long seed) {
        this.module = module;
        this.seed = seed;
    }

    long on(float... values) {
        return on(MemorySegment.ofArray(values));
    }

    long on(int... values) {
        return on(MemorySegment.ofArray(values));
    }

    long on(double... values) {
        return on(MemorySegment.ofArray(values));
    }

    long on(byte... values) {
        return on(MemorySegment.ofArray(values));
    }

    private long on(MemorySegment values) {
        long address = memory.allocate(values.byteSize());
        memory.copyIn(values, address);
        return address;
    }

    /// Memory that nothing has written.
    long fresh(int bytes) {
        return memory.allocate(bytes);
    }

    float[] floats(long address, int count) {
        float[] values = new float[count];
        memory.copyOut(address, MemorySegment.ofArray(values));
        return values;
    }

    int[] ints(long address, int count) {
        int[] values = new int[count];
        memory.copyOut(address, MemorySegment.ofArray(values));
        return values;
    }

    double[] doubles(long address, int count) {
        double[] values = new double[count];
        memory.copyOut(address, MemorySegment.ofArray(values));
        return values;
    }

    long[] longs(long address, int count) {
        long[] values = new long[count];
        memory.copyOut(address, MemorySegment.ofArray(values));
        return values;
    }

    KernelStatistics run(
            String kernel, Dim3 grid, Dim3 block, int sharedBytes, Number... arguments) {
        Kernel found = module.kernel(kernel);
        return simulator.run(
                new Launch(found, grid, block, sharedBytes, found.arguments(arguments), seed));
    }
}
