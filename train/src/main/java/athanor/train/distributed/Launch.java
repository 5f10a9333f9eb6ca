package athanor.train.distributed;

import java.util.Map;
import java.util.OptionalInt;

/// What the program that started this process says of it, in environment variables: Open MPI's
/// mpirun, Slurm's srun, or torchrun.
public record Launch(Map<String, String> environment) {
    public static Launch here() {
        return new Launch(System.getenv());
    }

    /// Whether MPI has started this process, with others beside it.
    ///
    /// @throws CommunicatorProblem where Slurm has started several without MPI: each would train
    /// alone
    public boolean isMpi() {
        OptionalInt size = number("OMPI_COMM_WORLD_SIZE");
        if (size.isPresent()) {
            return size.getAsInt() > 1;
        }
        int tasks = number("SLURM_STEP_NUM_TASKS").orElse(1);
        boolean pmix = environment.containsKey("PMIX_RANK");
        if (tasks > 1 && !pmix) {
            throw new CommunicatorProblem(
                    "srun has started %d processes that know nothing of each other; use srun --mpi=pmix, or mpirun in an allocation of salloc or sbatch"
                            .formatted(tasks));
        }
        return pmix;
    }

    /// The number of this process on its host, from 0.
    public OptionalInt localRank() {
        return firstOf("OMPI_COMM_WORLD_LOCAL_RANK", "SLURM_LOCALID", "LOCAL_RANK");
    }

    /// How many processes there are on this host.
    public int localSize() {
        return Math.max(1, firstOf("OMPI_COMM_WORLD_LOCAL_SIZE", "LOCAL_WORLD_SIZE").orElse(1));
    }

    /// `cuda` as the GPU of this process among those of its host; any other device as it is.
    public String device(String asked) {
        OptionalInt local = localRank();
        return asked.equals("cuda") && local.isPresent() ? "cuda:" + local.getAsInt() : asked;
    }

    /// This process's part of the cores that it may use.
    public int threads() {
        return Math.max(1, Runtime.getRuntime().availableProcessors() / localSize());
    }

    private OptionalInt firstOf(String... names) {
        for (String name : names) {
            OptionalInt found = number(name);
            if (found.isPresent()) {
                return found;
            }
        }
        return OptionalInt.empty();
    }

    private OptionalInt number(String name) {
        String text = environment.getOrDefault(name, "");
        return text.matches("\\d{1,6}")
                ? OptionalInt.of(Integer.parseInt(text))
                : OptionalInt.empty();
    }
}
