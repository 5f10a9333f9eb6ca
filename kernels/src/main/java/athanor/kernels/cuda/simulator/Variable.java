package athanor.kernels.cuda.simulator;

/// A variable outside registers. In shared memory `bytes` is 0 where the launch gives the size.
@SuppressWarnings("ArrayRecordComponent")
record Variable(String name, Space space, int align, int bytes, byte[] initial) {
    enum Space {
        GLOBAL,
        CONST,
        SHARED,
        LOCAL
    }
}
