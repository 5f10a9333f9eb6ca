package athanor.bench;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// Counts arithmetic. JMH divides it by the time: the row `:gigaflops` is in GFLOP/s, a
/// multiplication and its addition being two.
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.OPERATIONS)
public class Arithmetic {
    public double gigaflops;
}
