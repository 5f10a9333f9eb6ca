/// Model files.
@NullMarked
package athanor.nn.io;

import org.jspecify.annotations.NullMarked;
