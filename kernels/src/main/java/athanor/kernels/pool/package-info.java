/// Maximum and average over windows of an image.
@NullMarked
package athanor.kernels.pool;

import org.jspecify.annotations.NullMarked;
