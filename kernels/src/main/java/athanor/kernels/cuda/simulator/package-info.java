/// A GPU without a GPU: what CUDA, cuBLAS and cuDNN do, on memory of our own, with more checks.
@NullMarked
package athanor.kernels.cuda.simulator;

import org.jspecify.annotations.NullMarked;
