package athanor.kernels.cuda.simulator;

/// What an instruction does to a warp.
@FunctionalInterface
interface Action {
    /// Runs in the lanes whose bit is set in `active`, of which there is at least one.
    void run(Warp warp, int active);
}
