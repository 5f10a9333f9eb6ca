/// Matrix products.
@NullMarked
package athanor.kernels.matmul;

import org.jspecify.annotations.NullMarked;
