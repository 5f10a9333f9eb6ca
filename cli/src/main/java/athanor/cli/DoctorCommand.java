package athanor.cli;

import athanor.kernels.cuda.Devices;
import athanor.kernels.elementwise.VectorMath;
import athanor.train.InvalidSetting;
import athanor.train.Setting;
import athanor.train.Settings;
import athanor.train.distributed.CommunicatorProblem;
import athanor.train.distributed.Mpi;
import athanor.train.distributed.Nccl;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Looks at the machine: what is there, what is missing, how to mend it.
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        header = "Say what this machine has for training, and what it lacks.")
final class DoctorCommand implements Callable<Integer> {
    private static final Path HUGE_PAGES = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
    private static final long LITTLE_HEAP = 2L << 30;

    private final Screen screen;

    @Option(
            names = "--gpu-check",
            description =
                    "try all that a GPU has to do: kernels, operations, graphs, training, throughput")
    boolean gpuCheck;

    @Option(
            names = "--device",
            paramLabel = "cuda|cuda:N|cuda-sim",
            description = "the GPU to check [cuda]")
    String device = "cuda";

    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "write the check's table there too")
    Optional<Path> json = Optional.empty();

    DoctorCommand(Screen screen) {
        this.screen = screen;
    }

    @Override
    public Integer call() throws IOException {
        if (gpuCheck) {
            return gpuCheck();
        }
        if (json.isPresent()) {
            throw new InvalidSetting("--json FILE: goes with --gpu-check; add it");
        }
        line(
                "program",
                "%s, commit %s".formatted(About.version(), About.program().get("git_commit")));
        line("Java", "%s, %s".formatted(Runtime.version(), System.getProperty("java.home")));
        line("system", "%s".formatted(About.program().get("system")));
        line("cores", "%d".formatted(Runtime.getRuntime().availableProcessors()));
        simd();
        memory();
        hugePages();
        gpus();
        ranks();
        return trains() ? 0 : Failures.FAILED;
    }

    private int gpuCheck() throws IOException {
        GpuCheck check = new GpuCheck(device);
        screen.line("%s", GpuCheck.Row.HEAD);
        List<GpuCheck.Row> rows = check.run(row -> screen.line("%s", row));
        if (json.isPresent()) {
            GpuCheck.write(rows, device, json.get());
        }
        return rows.stream().allMatch(GpuCheck.Row::isFine) ? 0 : Failures.FAILED;
    }

    private void simd() {
        int bits = VectorMath.LANES * Float.SIZE;
        line("SIMD", bits + " bits, %d floats at a time".formatted(bits / 32));
        if (bits < 256) {
            advice(
                    "this processor, or a flag such as -XX:MaxVectorSize, allows short vectors only: training is slow");
        }
    }

    private void memory() {
        long heap = Runtime.getRuntime().maxMemory();
        line(
                "memory",
                "%,d MB, of which up to %,d MB for the program"
                        .formatted(physicalMemory() >> 20, heap >> 20));
        if (heap < LITTLE_HEAP) {
            advice(
                    "this is little; more by ATHANOR_JAVA_OPTS=-Xmx8g, or use a smaller --batch-size");
        }
    }

    private static long physicalMemory() {
        return ManagementFactory.getOperatingSystemMXBean()
                        instanceof com.sun.management.OperatingSystemMXBean system
                ? system.getTotalMemorySize()
                : 0;
    }

    private void hugePages() {
        try {
            String setting = Files.readString(HUGE_PAGES).strip();
            boolean off = setting.contains("[never]");
            line("huge pages", off ? "off" : "on");
            if (off) {
                advice("large pages make training faster: echo madvise | sudo tee " + HUGE_PAGES);
            }
        } catch (IOException e) {
            line("huge pages", "this system does not say");
        }
    }

    /// What `--device cuda` needs; the CPU needs nothing but Java.
    private void gpus() {
        for (Devices.Finding finding : Devices.survey()) {
            line(finding.what(), finding.works() ? finding.words() : "not usable");
            if (!finding.works()) {
                advice(finding.words());
            }
        }
    }

    /// What training over several processes needs.
    private void ranks() {
        try {
            line("MPI", Mpi.installed());
            if (!onPath("mpirun") && !onPath("srun")) {
                advice("there is no mpirun and no srun on the path; install openmpi-bin");
            }
        } catch (CommunicatorProblem e) {
            line("MPI", "none; needed for more than one process alone");
            advice(String.valueOf(e.getMessage()));
        }
        Nccl.installed().ifPresent(version -> line("NCCL", version));
    }

    private static boolean onPath(String program) {
        String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
        return Arrays.stream(path.split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    /// A few steps of a small network on the CPU.
    private boolean trains() {
        Settings settings =
                Settings.initial()
                        .with(Recipe.of(TrainCommand.FIRST_RUN).values())
                        .with(Setting.BATCH_SIZE, "16");
        try {
            SyntheticTraining training = new SyntheticTraining(settings, Sizes.of(settings));
            double first = training.train();
            double last = first;
            for (int i = 0; i < 8; i++) {
                last = training.train();
            }
            boolean learns = Double.isFinite(last) && last < first;
            line(
                    "training",
                    "%s: the loss of a small network went from %.3f to %.3f in 8 steps"
                            .formatted(learns ? "works" : "FAILS", first, last));
            if (!learns) {
                advice("it should fall: please report this, with what stands above");
            }
            return learns;
        } catch (RuntimeException e) {
            line("training", "FAILS: " + e);
            advice(
                    "please report this, with what stands above; athanor --stacktrace bench --model cnn --data mnist says more");
            return false;
        }
    }

    private void line(String what, String value) {
        screen.line("%-17s %s", what, value);
    }

    private void advice(String text) {
        screen.line("%-17s -> %s", "", text);
    }
}
