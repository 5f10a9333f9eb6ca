@NullMarked
package athanor.train.data;

import org.jspecify.annotations.NullMarked;
