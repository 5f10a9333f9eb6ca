package athanor.kernels.cuda.simulator;

/// What one instruction does in one lane: the result from up to four operands, all as register
/// bits. It has no effect besides and throws nothing, for lanes that are not active run it too.
@FunctionalInterface
interface LaneFunction {
    long apply(long a, long b, long c, long d);
}
