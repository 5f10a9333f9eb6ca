/// Layers, initializers, losses.
@NullMarked
package athanor.nn;

import org.jspecify.annotations.NullMarked;
