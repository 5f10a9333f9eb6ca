/** x. */
@NullMarked
package athanor.cli;

import org.jspecify.annotations.NullMarked;
