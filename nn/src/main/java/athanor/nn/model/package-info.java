/// Whole networks, and the list of them by name.
@NullMarked
package athanor.nn.model;

import org.jspecify.annotations.NullMarked;
