/// Moving elements without changing them: transpose, block copy, gather, scatter.
@NullMarked
package athanor.kernels.layout;

import org.jspecify.annotations.NullMarked;
