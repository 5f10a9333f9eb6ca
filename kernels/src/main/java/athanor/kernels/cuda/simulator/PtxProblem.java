package athanor.kernels.cuda.simulator;

/// PTX text that the simulator does not take, with the line and its text.
public final class PtxProblem extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// The line in the PTX text, from 1.
    private final int line;

    PtxProblem(int line, String text, String rule) {
        super("PTX line " + line + " `" + text.strip() + "`: " + rule);
        this.line = line;
    }

    public int line() {
        return line;
    }
}
