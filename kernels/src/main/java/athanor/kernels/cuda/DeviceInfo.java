package athanor.kernels.cuda;

/// What a GPU is.
///
/// @param major first number of the compute capability, 8 in sm_86
/// @param minor second number, 6 in sm_86
/// @param multiprocessors streaming multiprocessors, each of which runs blocks of its own
/// @param sharedBytes most shared memory that one block may ask for
/// @param memoryBytes global memory, all of it
public record DeviceInfo(
        String name, int major, int minor, int multiprocessors, int sharedBytes, long memoryBytes) {

    /// Whether the compute capability is this one or a later one.
    public boolean isAtLeast(int wantedMajor, int wantedMinor) {
        return major > wantedMajor || (major == wantedMajor && minor >= wantedMinor);
    }
}
