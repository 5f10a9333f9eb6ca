package athanor.engine;

/// Elements in the memory of a GPU: the address where they begin, a multiple of 256. The program
/// reads and writes them by [Backend#copy] from and to a [HostBuffer].
public record DeviceBuffer(DType dtype, int length, long address) implements Buffer {}
