/// Two-dimensional convolutions of NHWC images and their two gradients.
@NullMarked
package athanor.kernels.convolve;

import org.jspecify.annotations.NullMarked;
