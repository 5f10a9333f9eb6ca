/// Batch, layer and local response normalization, forward and backward.
@NullMarked
package athanor.kernels.normalize;

import org.jspecify.annotations.NullMarked;
