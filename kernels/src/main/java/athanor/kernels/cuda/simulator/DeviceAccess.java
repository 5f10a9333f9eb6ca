package athanor.kernels.cuda.simulator;

import athanor.kernels.cuda.DeviceInfo;
import athanor.kernels.cuda.Driver.Stream;

/// What the simulated libraries see of the simulated device: its memory, and its streams, so that
/// their work waits its turn like a kernel's.
public interface DeviceAccess {

    DeviceInfo device();

    /// Does the work when the stream comes to it; noted, not done, while the stream is captured.
    ///
    /// @param name as it is reported, such as `cublasSgemm`
    void submit(Stream stream, String name, Runnable work);

    /// Copies `count` bytes from the address on; a multiple of 4 may be read as words. Called by
    /// work that is being done.
    ///
    /// @throws athanor.kernels.cuda.CudaError where this is not allocated, or was never written
    byte[] read(long address, long count);

    /// Writes the bytes from the address on. Called by work that is being done.
    ///
    /// @throws athanor.kernels.cuda.CudaError where this is not allocated
    void write(long address, byte[] bytes);

    /// Refuses `count` bytes from the address on unless they lie in one live allocation; at once.
    ///
    /// @throws athanor.kernels.cuda.CudaError with status `CUDA_ERROR_INVALID_VALUE`
    void require(long address, long count, String what);
}
