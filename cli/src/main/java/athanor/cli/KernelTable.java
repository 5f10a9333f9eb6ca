package athanor.cli;

import athanor.engine.backend.Cuda;
import athanor.engine.check.KernelSamples;
import athanor.kernels.cuda.Devices;
import athanor.kernels.cuda.simulator.KernelStatistics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// What each PTX kernel moves on a layer of 1024 rows and 64 channels, counted by the simulator.
final class KernelTable {
    private static final int ROWS = 1024;
    private static final int CHANNELS = 64;
    private static final long MEMORY = 1L << 30;

    private KernelTable() {}

    static List<String> lines() {
        Cuda cuda = new Cuda("cuda-sim", Devices.simulated(MEMORY, 1));
        KernelSamples.run(cuda, ROWS, CHANNELS);
        List<String> lines = new ArrayList<>();
        lines.add("Each kernel on a layer of %d rows and %d channels.".formatted(ROWS, CHANNELS));
        lines.add(
                "least: bytes if every sector of 32 bytes moved once; moved: sectors that missed the cache of");
        lines.add(
                "their block, and all stores; used: how much of the sectors a warp asked for it used.");
        lines.add("");
        lines.add(
                "%-26s %8s %12s %12s %7s %6s %10s %13s"
                        .formatted(
                                "kernel",
                                "launches",
                                "least",
                                "moved",
                                "ratio",
                                "used",
                                "conflicts",
                                "instructions"));
        for (Map.Entry<String, KernelStatistics> entry : cuda.kernelStatistics().entrySet()) {
            KernelStatistics s = entry.getValue();
            lines.add(
                    "%-26s %8d %,12d %,12d %7.3f %5.0f%% %,10d %,13d"
                            .formatted(
                                    entry.getKey(),
                                    s.launches(),
                                    s.leastBytes(),
                                    s.movedBytes(),
                                    (double) s.movedBytes() / Math.max(1, s.leastBytes()),
                                    100 * s.coalescing(),
                                    s.bankConflicts(),
                                    s.threadInstructions()));
        }
        return lines;
    }
}
