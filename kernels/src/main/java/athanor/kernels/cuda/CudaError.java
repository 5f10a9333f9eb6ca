package athanor.kernels.cuda;

import java.util.Map;

/// A call that CUDA, cuBLAS or cuDNN refused, or their simulation: which call, what with, the
/// status, and the likely cause with a way out.
public final class CudaError extends RuntimeException {
    private static final long serialVersionUID = 1;

    public static final String OUT_OF_MEMORY = "CUDA_ERROR_OUT_OF_MEMORY";

    private static final Map<String, String> ADVICE =
            Map.ofEntries(
                    Map.entry(
                            OUT_OF_MEMORY, "the GPU's memory is full; use a smaller --batch-size"),
                    Map.entry(
                            "CUDA_ERROR_NO_DEVICE",
                            "the driver finds no NVIDIA GPU; nvidia-smi should list one. --device cpu"
                                    + " works without, --device cuda-sim simulates one"),
                    Map.entry(
                            "CUDA_ERROR_INVALID_DEVICE",
                            "there is no GPU of this number; nvidia-smi -L lists them from 0"),
                    Map.entry("CUDA_ERROR_INVALID_PTX", "the kernel's text does not compile"),
                    Map.entry(
                            "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
                            "the driver is older than the kernel's text: install a newer NVIDIA"
                                    + " driver"),
                    Map.entry(
                            "CUDA_ERROR_NO_BINARY_FOR_GPU",
                            "this GPU is older than the kernels are made for (sm_70, Volta)"),
                    Map.entry(
                            "CUDA_ERROR_ILLEGAL_ADDRESS",
                            "a kernel read or wrote outside its memory; --device cuda-sim says"
                                    + " which one and where"),
                    Map.entry(
                            "CUDA_ERROR_MISALIGNED_ADDRESS",
                            "a kernel used an address that is no multiple of the access's size;"
                                    + " --device cuda-sim says which one and where"),
                    Map.entry(
                            "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
                            "a block of this many threads needs more registers or shared memory"
                                    + " than there are; launch smaller blocks"),
                    Map.entry(
                            "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
                            "nothing may be allocated, freed or waited for while a graph is"
                                    + " captured; do it before"),
                    Map.entry(
                            "CUBLAS_STATUS_NOT_INITIALIZED",
                            "cuBLAS could not start; mostly the GPU's memory is full"),
                    Map.entry(
                            "CUBLAS_STATUS_ARCH_MISMATCH",
                            "this GPU does not know the type; use float32"),
                    Map.entry(
                            "CUDNN_STATUS_NOT_INITIALIZED",
                            "cuDNN could not start; mostly the GPU's memory is full, or the driver"
                                    + " is older than the library"),
                    Map.entry(
                            "CUDNN_STATUS_NOT_SUPPORTED",
                            "cuDNN has no such algorithm for this convolution; choose another"));

    private final String status;

    /// @param call the function as CUDA names it, such as `cuMemAlloc`
    /// @param arguments those that matter, as a person reads them; may be empty
    /// @param status the status as CUDA names it, such as `CUDA_ERROR_OUT_OF_MEMORY`
    public CudaError(String call, String arguments, String status) {
        this(call, arguments, status, ADVICE.getOrDefault(status, ""));
    }

    /// The same with a cause that the caller knows better than the status tells.
    public CudaError(String call, String arguments, String status, String advice) {
        super(
                "%s(%s): %s%s"
                        .formatted(call, arguments, status, advice.isEmpty() ? "" : ": " + advice));
        this.status = status;
    }

    /// The status as CUDA names it.
    public String status() {
        return status;
    }
}
