/** x. */
@NullMarked
package athanor.nn;

import org.jspecify.annotations.NullMarked;
