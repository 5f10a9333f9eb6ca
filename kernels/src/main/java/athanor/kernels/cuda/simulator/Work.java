package athanor.kernels.cuda.simulator;

import java.util.List;
import java.util.Optional;

/// Something the device does once all works in `after` are done.
final class Work {
    final String name;
    final Runnable action;

    /// The host's memory that it reads or writes.
    final Optional<SimulatedPinnedMemory> host;

    List<Work> after;
    /// In the order of submission.
    final long number;

    boolean done;

    /// Whether the host has waited for it or for work that came after it.
    boolean awaited;

    Work(
            String name,
            Runnable action,
            Optional<SimulatedPinnedMemory> host,
            List<Work> after,
            long number) {
        this.name = name;
        this.action = action;
        this.host = host;
        this.after = after;
        this.number = number;
    }
}
