package athanor.kernels.cuda;

/// There is no GPU to be had: which library or device is missing, where it was looked for, and how
/// to mend it, in one line.
public final class CudaUnavailable extends RuntimeException {
    private static final long serialVersionUID = 1;

    public CudaUnavailable(String message) {
        super(message);
    }
}
