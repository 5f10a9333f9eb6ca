/// Sums, maxima and minima along axes, in an order that is fixed by the shape.
@NullMarked
package athanor.kernels.reduce;

import org.jspecify.annotations.NullMarked;
