package athanor.train.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class LaunchTest {
    private static Launch of(String... pairs) {
        Map<String, String> environment = new java.util.HashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            environment.put(pairs[i], pairs[i + 1]);
        }
        return new Launch(environment);
    }

    @Test
    void aProgramStartedByHandIsAlone() {
        Launch alone = of("PATH", "/usr/bin");
        assertThat(alone.isMpi()).isFalse();
        assertThat(alone.localRank()).isEmpty();
        assertThat(alone.localSize()).isEqualTo(1);
        assertThat(alone.device("cuda")).isEqualTo("cuda");
    }

    @Test
    void theGpuIsThatOfTheLocalRank() {
        Launch mpi =
                of(
                        "OMPI_COMM_WORLD_SIZE", "8",
                        "OMPI_COMM_WORLD_LOCAL_RANK", "3",
                        "OMPI_COMM_WORLD_LOCAL_SIZE", "4",
                        "SLURM_LOCALID", "0");
        assertThat(mpi.isMpi()).isTrue();
        assertThat(mpi.localSize()).isEqualTo(4);
        assertThat(mpi.device("cuda")).isEqualTo("cuda:3");
        assertThat(mpi.device("cuda:1")).isEqualTo("cuda:1");
        assertThat(mpi.device("cpu")).isEqualTo("cpu");
        assertThat(of("SLURM_LOCALID", "2").device("cuda")).isEqualTo("cuda:2");
        assertThat(of("LOCAL_RANK", "5").device("cuda")).isEqualTo("cuda:5");
        assertThat(of("LOCAL_RANK", "many").device("cuda")).isEqualTo("cuda");
    }

    @Test
    void oneProcessUnderMpirunIsAlone() {
        assertThat(of("OMPI_COMM_WORLD_SIZE", "1", "PMIX_RANK", "0").isMpi()).isFalse();
    }

    @Test
    void srunMustBringMpi() {
        assertThat(of("SLURM_STEP_NUM_TASKS", "4", "PMIX_RANK", "2").isMpi()).isTrue();
        assertThat(of("SLURM_STEP_NUM_TASKS", "1").isMpi()).isFalse();
        assertThat(of("SLURM_NTASKS", "4").isMpi()).isFalse();
        assertThatThrownBy(() -> of("SLURM_STEP_NUM_TASKS", "4").isMpi())
                .isInstanceOf(CommunicatorProblem.class)
                .hasMessageContaining("srun has started 4 processes")
                .hasMessageContaining("--mpi=pmix");
    }
}
