package athanor.kernels.cuda.jcuda;

import jcuda.driver.CUdeviceptr;

/// A device address as JCuda takes and gives it.
final class Address extends CUdeviceptr {

    /// To be filled in by a call.
    Address() {}

    Address(long address) {
        super(new CUdeviceptr(), address);
    }

    long value() {
        return getNativePointer() + getByteOffset();
    }
}
