/// Softmax and its logarithm along rows.
@NullMarked
package athanor.kernels.softmax;

import org.jspecify.annotations.NullMarked;
