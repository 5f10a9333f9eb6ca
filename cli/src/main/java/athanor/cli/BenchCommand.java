package athanor.cli;

import athanor.engine.Backend;
import athanor.engine.Communicator;
import athanor.engine.Shape;
import athanor.engine.backend.Cuda;
import athanor.kernels.parallel.Parallel;
import athanor.nn.Summary;
import athanor.train.InvalidSetting;
import athanor.train.ModelSpec;
import athanor.train.ProcessMemory;
import athanor.train.Setting;
import athanor.train.Settings;
import athanor.train.TrainingRun;
import athanor.train.distributed.World;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/// Measures how fast a model trains and infers, without data: medians over steps, after a warm-up.
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        header = "Measure how many images a second a model trains and infers.",
        description = {
            "",
            "The images are made up. A step is forward, loss, backward and optimizer; figures are medians over --steps"
                    + " steps after half as many to warm up.",
            "",
        })
final class BenchCommand implements Callable<Integer> {
    private static final List<Setting> SETTINGS =
            List.of(
                    Setting.MODEL,
                    Setting.STEM,
                    Setting.DATA,
                    Setting.IMAGE_SIZE,
                    Setting.BATCH_SIZE,
                    Setting.OPTIMIZER,
                    Setting.DEVICE,
                    Setting.AMP,
                    Setting.CUDA_GRAPH,
                    Setting.CUDNN_BENCHMARK,
                    Setting.THREADS);

    private Screen screen;
    private final SettingOptions options = new SettingOptions();

    @Option(names = "--recipe", paramLabel = "NAME|FILE", description = "settings to start from")
    Optional<String> recipe = Optional.empty();

    @Option(names = "--steps", paramLabel = "N", description = "steps to measure [10]")
    int steps = 10;

    @Option(names = "--work", paramLabel = "train|infer", description = "measure one of both only")
    Optional<String> work = Optional.empty();

    @Option(names = "--json", description = "print one line of JSON")
    boolean json;

    @Option(
            names = "--profile",
            description =
                    "print where the time of a step goes, instead of how many images a second")
    boolean profile;

    @Option(
            names = "--communicator",
            description =
                    "under mpirun: measure the exchange of gradients, alone and in a step, and predict it for more ranks")
    boolean communicator;

    @Option(
            names = "--kernels",
            description =
                    "with --device cuda-sim: print what each GPU kernel moves, against the least possible")
    boolean kernels;

    @Option(
            names = "--devices",
            paramLabel = "D,D,...",
            description = "compare devices by the time of a training epoch, as in cpu,cuda")
    Optional<String> devices = Optional.empty();

    private BenchCommand(Screen screen) {
        this.screen = screen;
    }

    static CommandLine commandLine(Screen screen) {
        BenchCommand command = new BenchCommand(screen);
        return new CommandLine(
                command.options.addTo(CommandSpec.forAnnotatedObject(command), SETTINGS));
    }

    @Override
    public Integer call() throws JsonProcessingException {
        if (steps < 1) {
            throw new InvalidSetting(
                    "--steps " + steps + ": accepted is a whole number of 1 or more");
        }
        if (work.isPresent() && !List.of("train", "infer").contains(work.get())) {
            throw new InvalidSetting("--work " + work.get() + ": accepted is train or infer");
        }
        Map<Setting, String> given = options.given();
        if (kernels) {
            if (!"cuda-sim".equals(given.get(Setting.DEVICE)) || given.size() > 1) {
                throw new InvalidSetting(
                        "--kernels: what kernels move is counted by a simulated GPU, with sizes of its own; use --device cuda-sim --kernels alone");
            }
            KernelTable.lines().forEach(line -> screen.line("%s", line));
            return 0;
        }
        boolean nothingChosen =
                recipe.isEmpty()
                        && !given.containsKey(Setting.MODEL)
                        && !given.containsKey(Setting.DATA);
        String base = recipe.orElse(nothingChosen ? TrainCommand.FIRST_RUN : "");
        Map<Setting, String> values = base.isEmpty() ? Map.of() : Recipe.of(base).values();
        Settings settings = Settings.initial().with(values).with(given).check();
        Names.check(settings);
        if (communicator) {
            Communicator ranks = World.join();
            screen = ranks.isRoot() ? screen : screen.silent();
            new CommunicatorBench(ranks, steps)
                    .run(settings, (what, value) -> screen.line("%-22s %s", what, value));
            return 0;
        }
        if (profile) {
            profile(settings).forEach(line -> screen.line("%s", line));
            return 0;
        }
        if (devices.isPresent()) {
            compare(settings, devices.get().split(","));
            return 0;
        }
        Map<String, Object> figures = measure(settings);
        if (json) {
            screen.line("%s", new ObjectMapper().writeValueAsString(figures));
        } else {
            figures.forEach((name, value) -> screen.line("%-20s %s", name, value));
        }
        return 0;
    }

    private List<String> profile(Settings settings) {
        if (json || work.isEmpty()) {
            throw new InvalidSetting(
                    "--profile prints a table of one kind of work; add --work train or --work infer, without --json");
        }
        Parallel.threads(TrainingRun.threads(settings));
        Profile counted = new Profile();
        SyntheticTraining step =
                new SyntheticTraining(
                        settings, Sizes.of(settings), counted.watch(TrainingRun.backend(settings)));
        Runnable run = work.equals(Optional.of("train")) ? step::train : step::infer;
        for (int i = 0; i < (steps + 1) / 2; i++) {
            run.run();
        }
        counted.clear();
        for (int i = 0; i < steps; i++) {
            run.run();
        }
        return counted.table(steps);
    }

    /// A line for each device: images a second, the time of an epoch, and how many times as fast it
    /// is as the first.
    private void compare(Settings settings, String[] names) {
        if (json) {
            throw new InvalidSetting("--devices prints a table; leave --json away");
        }
        List<Settings> all = new ArrayList<>();
        for (String name : names) {
            all.add(settings.with(Setting.DEVICE, name.strip()).check());
        }
        Parallel.threads(TrainingRun.threads(settings));
        Sizes sizes = Sizes.of(settings);
        screen.line(
                "%s on %s, batch %s, an epoch of %,d images",
                settings.text(Setting.MODEL),
                settings.text(Setting.DATA),
                settings.text(Setting.BATCH_SIZE),
                sizes.trainingImages());
        screen.line("%-12s %12s %12s %8s", "device", "images/s", "epoch", "ratio");
        double first = 0;
        for (Settings one : all) {
            String device = one.text(Setting.DEVICE);
            Backend backend;
            try {
                backend = TrainingRun.backend(one);
            } catch (RuntimeException e) {
                screen.line(
                        "%-12s %s",
                        device, String.valueOf(e.getMessage())); // There is no such device here.
                continue;
            }
            double seconds = median(new SyntheticTraining(one, sizes, backend)::train);
            double rate = one.whole(Setting.BATCH_SIZE) / seconds;
            first = first == 0 ? rate : first;
            screen.line(
                    "%-12s %,12.1f %12s %8.2f",
                    device, rate, EpochDisplay.time(sizes.trainingImages() / rate), rate / first);
        }
    }

    private Map<String, Object> measure(Settings settings) {
        Parallel.threads(TrainingRun.threads(settings));
        SyntheticTraining steps = new SyntheticTraining(settings, Sizes.of(settings));
        ModelSpec spec = steps.spec();
        Shape image = Shape.of(spec.imageSize(), spec.imageSize(), spec.channels());
        int batch = settings.whole(Setting.BATCH_SIZE);
        boolean trains = !work.equals(Optional.of("infer"));
        boolean infers = !work.equals(Optional.of("train"));
        double first = seconds(trains ? steps::train : steps::infer);
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("model", spec.model());
        figures.put("data", settings.text(Setting.DATA));
        figures.put("parameters", steps.model().parameterCount());
        figures.put(
                "gmac_per_image",
                rounded(Summary.of(steps.model(), image).multiplyAdds() / 1e9, 1e6));
        figures.put("batch_size", batch);
        figures.put("threads", Parallel.threads());
        figures.put("device", settings.text(Setting.DEVICE));
        if (!settings.text(Setting.AMP).equals("off")) {
            figures.put("amp", settings.text(Setting.AMP));
        }
        if (trains) {
            figures.put("train_images_per_s", rounded(batch / median(steps::train), 100));
            if (TrainingRun.backend(settings) instanceof Cuda cuda) {
                long before = cuda.launches();
                steps.train();
                figures.put("launches_per_step", cuda.launches() - before);
            }
        }
        if (infers) {
            figures.put("infer_images_per_s", rounded(batch / median(steps::infer), 100));
        }
        figures.put("first_step_seconds", rounded(first, 1000));
        figures.put("peak_memory_bytes", ProcessMemory.peakResidentBytes());
        return figures;
    }

    /// The median time of a step, after half as many unmeasured ones.
    private double median(Runnable step) {
        for (int i = 0; i < (steps + 1) / 2; i++) {
            step.run();
        }
        double[] times = new double[steps];
        for (int i = 0; i < steps; i++) {
            times[i] = seconds(step);
        }
        Arrays.sort(times);
        return (times[(steps - 1) / 2] + times[steps / 2]) / 2;
    }

    private static double seconds(Runnable step) {
        long began = System.nanoTime();
        step.run();
        return (System.nanoTime() - began) / 1e9;
    }

    private static double rounded(double number, double places) {
        return Math.round(number * places) / places;
    }
}
