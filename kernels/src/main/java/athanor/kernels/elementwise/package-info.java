/// Functions of one or two numbers, applied along arrays.
@NullMarked
package athanor.kernels.elementwise;

import org.jspecify.annotations.NullMarked;
