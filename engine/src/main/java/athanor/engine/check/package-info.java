/// Every operation with its samples, and the checks that all of them must pass.
@NullMarked
package athanor.engine.check;

import org.jspecify.annotations.NullMarked;
