/// Ranks on real machines: Open MPI and NCCL by the JDK's foreign-function interface. What they do
/// is [athanor.engine.Communicator]'s to say.
@NullMarked
package athanor.train.distributed;

import org.jspecify.annotations.NullMarked;
