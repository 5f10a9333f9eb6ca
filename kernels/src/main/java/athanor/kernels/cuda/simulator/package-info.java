/// A GPU without a GPU: what CUDA, cuBLAS and cuDNN do, on memory of our own, with more checks.
/// [PtxModule] reads PTX, [DeviceMemory] is the memory, [Simulator] runs kernels and watches every
/// access, [SimulatedDriver] puts streams, events and graphs around them.
@NullMarked
package athanor.kernels.cuda.simulator;

import org.jspecify.annotations.NullMarked;
