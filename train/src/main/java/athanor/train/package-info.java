/** x. */
@NullMarked
package athanor.train;

import org.jspecify.annotations.NullMarked;
