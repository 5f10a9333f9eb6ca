/// PyTorch by its bindings for Java, to be measured against; see [Step].
@NullMarked
package athanor.bench.pytorch;

import org.jspecify.annotations.NullMarked;
