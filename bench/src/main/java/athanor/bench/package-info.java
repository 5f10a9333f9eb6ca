/// JMH benchmarks of the kernels. Each checks its results before it is timed, and reports how much
/// it did in a second beside how often.
///
/// The sizes are those of the models' layers, the device is a parameter (`-p device=cpu`), and both
/// stand beside every figure. `-prof gc` shows what a call allocates.
///
/// `java -jar bench/target/benchmarks.jar GemmBenchmark` measures on all processors; with
/// `-jvmArgsAppend -XX:ActiveProcessorCount=1` on one, the libraries beside us included.
@NullMarked
package athanor.bench;

import org.jspecify.annotations.NullMarked;
