package athanor.kernels.cuda.simulator;

/// Branches, ends and barriers.
final class ControlActions {
    private ControlActions() {}

    record Branch(int target) implements Action {
        @Override
        public void run(Warp warp, int active) {
            warp.branch(target, active);
        }
    }

    record Exit() implements Action {
        @Override
        public void run(Warp warp, int active) {
            warp.exit(active);
        }
    }

    record Trap() implements Action {
        @Override
        public void run(Warp warp, int active) {
            throw warp.fault(KernelFault.Kind.TRAP, Integer.numberOfTrailingZeros(active), "trap");
        }
    }

    /// `bar.sync id, threads`; without threads (-1) it is for all of the block.
    record Barrier(int id, int threads) implements Action {
        @Override
        public void run(Warp warp, int active) {
            int lane = Integer.numberOfTrailingZeros(active);
            if (threads >= 0) {
                long wanted = warp.registers[threads * Warp.LANES + lane];
                long all = (warp.block.launch.block().count() + 31) / 32 * 32;
                if (wanted != all) {
                    throw warp.fault(
                            KernelFault.Kind.DEADLOCK,
                            lane,
                            "a barrier for %d of %d threads is not simulated"
                                    .formatted(wanted, all));
                }
            }
            warp.awaitBarrier((int) warp.registers[id * Warp.LANES + lane], active);
        }
    }

    /// `bar.warp.sync`
    record WarpBarrier(int members) implements Action {
        @Override
        public void run(Warp warp, int active) {
            warp.checkMembers(members, active);
            warp.syncWarp();
        }
    }

    /// A fence: memory here is always in order.
    record Fence() implements Action {
        @Override
        public void run(Warp warp, int active) {}
    }
}
