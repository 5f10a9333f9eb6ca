package athanor.kernels.cuda.simulator;

import athanor.kernels.cuda.CudaError;
import athanor.kernels.cuda.PinnedMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Memory of the host that knows which copies use it: to look at it before the program has waited
/// for them is an error, though here it may go well.
final class SimulatedPinnedMemory implements PinnedMemory {
    private static final int ALIGNMENT = 64;

    private final MemorySegment segment;
    private final List<Work> downloads = new ArrayList<>();
    private final List<Work> uploads = new ArrayList<>();

    SimulatedPinnedMemory(long bytes) {
        segment = Arena.ofAuto().allocate(bytes, ALIGNMENT);
        segment.fill((byte) -1);
    }

    /// The device's way to it, unchecked.
    MemorySegment segment() {
        return segment;
    }

    void usedBy(Work copy) {
        (copy.name.equals(SimulatedDriver.DOWNLOAD) ? downloads : uploads).add(copy);
    }

    @Override
    public long bytes() {
        return segment.byteSize();
    }

    @Override
    public MemorySegment forReading() {
        check(downloads, "read");
        return segment.asReadOnly();
    }

    @Override
    public MemorySegment forWriting() {
        check(downloads, "written");
        check(uploads, "written");
        return segment;
    }

    private void check(List<Work> copies, String access) {
        copies.removeIf(copy -> copy.awaited);
        if (!copies.isEmpty()) {
            throw new CudaError(
                    copies.getFirst().name,
                    segment.byteSize() + " bytes of the host",
                    "CUDA_ERROR_NOT_READY",
                    "the memory is "
                            + access
                            + " before the program has waited for this copy;"
                            + " synchronize with its stream or with an event after it");
        }
    }
}
