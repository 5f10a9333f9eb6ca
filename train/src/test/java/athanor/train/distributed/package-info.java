@NullMarked
package athanor.train.distributed;

import org.jspecify.annotations.NullMarked;
