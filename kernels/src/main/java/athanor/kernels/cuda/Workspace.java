package athanor.kernels.cuda;

/// Device memory for the length of a call. What is given back may hold other things as soon as the
/// stream's earlier work is done, so it is taken and given for one stream.
public interface Workspace {
    /// The address of so many bytes with any contents, a multiple of 256.
    long take(long bytes);

    void give(long address);
}
