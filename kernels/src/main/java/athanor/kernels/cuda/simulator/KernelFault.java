package athanor.kernels.cuda.simulator;

/// A rule that a running kernel broke: what a GPU would answer with a wrong result, a hang or an
/// error much later. The message names the kernel, the PTX line and its text, the block, the
/// thread, the rule, and for memory the address and what lies there.
public final class KernelFault extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// What kind of rule was broken.
    public enum Kind {
        OUT_OF_BOUNDS,
        MISALIGNED,
        FREED,
        READ_ONLY,
        UNINITIALIZED,
        RACE,
        DIVERGENCE,
        DEADLOCK,
        ENDLESS,
        TRAP
    }

    private final Kind kind;
    /// The line in the PTX text, from 1.
    private final int line;

    KernelFault(Kind kind, int line, String message) {
        super(message);
        this.kind = kind;
        this.line = line;
    }

    public Kind kind() {
        return kind;
    }

    public int line() {
        return line;
    }
}
