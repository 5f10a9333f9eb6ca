/// Tensors, reverse-mode automatic differentiation, memory, and the contract of a backend.
@NullMarked
package athanor.engine;

import org.jspecify.annotations.NullMarked;
