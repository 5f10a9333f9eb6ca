package athanor.kernels.cuda.simulator;

import java.util.Set;

/// Is told each instruction of a warp: what a debugger or a lesson shows.
@FunctionalInterface
public interface Trace {
    /// Nobody listens.
    Trace NONE = step -> {};

    /// An instruction has been executed. The step is valid during the call.
    void executed(Step step);

    /// An instruction of a warp and the state after it.
    interface Step {
        String kernelName();

        /// The block's place in the grid.
        Dim3 blockPlace();

        /// The warp's number in its block.
        int warp();

        /// The line in the PTX text, from 1.
        int line();

        String text();

        /// Bit i: lane i ran the instruction.
        int activeMask();

        Set<String> registerNames();

        /// The bits of the register in the 32 lanes.
        long[] register(String name);
    }
}
