package athanor.kernels.cuda.simulator;

import java.util.List;

/// An instruction as it is written; the guard is "" where there is none.
record Statement(int line, String guard, boolean negated, String opcode, List<Operand> operands) {}
