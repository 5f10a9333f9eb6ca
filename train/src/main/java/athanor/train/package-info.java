/// Training: optimizers, schedules, the loop, what it tells its listeners, run folders and
/// checkpoints.
@NullMarked
package athanor.train;

import org.jspecify.annotations.NullMarked;
