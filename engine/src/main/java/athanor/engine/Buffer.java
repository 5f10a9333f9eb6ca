package athanor.engine;

/// A row of elements somewhere, without a shape: what kernels work on. It may be longer than the
/// tensor that uses it.
public sealed interface Buffer permits HostBuffer, DeviceBuffer {
    DType dtype();

    /// How many elements there is room for.
    int length();
}
