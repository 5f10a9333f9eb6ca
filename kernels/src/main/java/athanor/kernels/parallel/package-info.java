/// The threads, and how work is split among them: by its size alone, never by their number.
@NullMarked
package athanor.kernels.parallel;

import org.jspecify.annotations.NullMarked;
