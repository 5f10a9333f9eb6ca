/// Tests of the training loop.
@NullMarked
package athanor.train;

import org.jspecify.annotations.NullMarked;
