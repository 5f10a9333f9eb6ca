package athanor.bench;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// Counts the bytes that a kernel cannot do without: every input read once, every output written
/// once. JMH divides them by the time: the row `:gigabytes` is in GB/s (10^9 bytes).
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.OPERATIONS)
public class Traffic {
    public double gigabytes;
}
