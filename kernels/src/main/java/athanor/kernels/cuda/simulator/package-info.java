/// A GPU in Java: it reads PTX and runs it, slowly but watching every access. Nothing here touches
/// a real one. [PtxModule] reads the text, [DeviceMemory] is the memory, [Simulator] runs.
@NullMarked
package athanor.kernels.cuda.simulator;

import org.jspecify.annotations.NullMarked;
