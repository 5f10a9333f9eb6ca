/// The three interfaces by JCuda: the only package that sees it.
@NullMarked
package athanor.kernels.cuda.jcuda;

import org.jspecify.annotations.NullMarked;
