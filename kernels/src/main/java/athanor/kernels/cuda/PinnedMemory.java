package athanor.kernels.cuda;

import java.lang.foreign.MemorySegment;

/// Memory of the host that the GPU reads and writes by itself, while the program goes on. Belongs
/// to the driver that gave it, and is valid until [Driver#freePinned].
///
/// Each use asks for the bytes anew, so that a simulated driver sees who looks too early: before
/// reading, the stream that downloads into it must have been waited for; before writing, the stream
/// that uploads from it, too.
public interface PinnedMemory {

    long bytes();

    /// All of it, to be read by the program now.
    MemorySegment forReading();

    /// All of it, to be written by the program now.
    MemorySegment forWriting();
}
