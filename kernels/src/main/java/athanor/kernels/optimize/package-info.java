/// Updates of parameters: SGD and Adam.
@NullMarked
package athanor.kernels.optimize;

import org.jspecify.annotations.NullMarked;
