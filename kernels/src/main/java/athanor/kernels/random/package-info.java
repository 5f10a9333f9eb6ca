/// Counter-based random numbers: the same key and counter give the same number anywhere.
@NullMarked
package athanor.kernels.random;

import org.jspecify.annotations.NullMarked;
