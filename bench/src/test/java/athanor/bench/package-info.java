@NullMarked
package athanor.bench;

import org.jspecify.annotations.NullMarked;
