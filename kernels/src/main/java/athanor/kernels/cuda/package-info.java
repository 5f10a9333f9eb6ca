/// NVIDIA GPUs behind three narrow interfaces, [athanor.kernels.cuda.Driver],
/// [athanor.kernels.cuda.Blas] and [athanor.kernels.cuda.Dnn], and what is built on them alone.
/// Each has an implementation by JCuda and a simulated one, so that everything above them is the
/// same code with a GPU and without.
@NullMarked
package athanor.kernels.cuda;

import org.jspecify.annotations.NullMarked;
