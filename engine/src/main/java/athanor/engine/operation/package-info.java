/// The differentiable operations, one a file, forward and backward facing each other.
@NullMarked
package athanor.engine.operation;

import org.jspecify.annotations.NullMarked;
