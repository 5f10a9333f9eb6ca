package athanor.cli;

import athanor.engine.Autocast;
import athanor.engine.Backend;
import athanor.engine.Communicator;
import athanor.engine.DType;
import athanor.kernels.parallel.Parallel;
import athanor.nn.Module;
import athanor.train.Checkpoint;
import athanor.train.Evaluation;
import athanor.train.Evaluator;
import athanor.train.ModelSpec;
import athanor.train.ResultRow;
import athanor.train.Setting;
import athanor.train.Settings;
import athanor.train.TrainingEvent;
import athanor.train.TrainingProblem;
import athanor.train.TrainingRun;
import athanor.train.data.DataLoader;
import athanor.train.data.Dataset;
import athanor.train.data.Split;
import athanor.train.distributed.World;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/// Measures a checkpoint on a test set, prepared as in its training.
@Command(
        name = "eval",
        mixinStandardHelpOptions = true,
        header = "Measure a checkpoint on a test set.",
        description = {
            "",
            "Data set and image size are those of the training, unless flags say otherwise.",
            ""
        })
final class EvalCommand implements Callable<Integer> {
    private static final List<Setting> SETTINGS =
            List.of(
                    Setting.DATA,
                    Setting.DATA_DIR,
                    Setting.BATCH_SIZE,
                    Setting.DEVICE,
                    Setting.AMP,
                    Setting.THREADS,
                    Setting.WORKERS,
                    Setting.TTA);

    private final Screen screen;
    private final SettingOptions options = new SettingOptions();

    @Option(
            names = {"--checkpoint", "--resume"},
            required = true,
            paramLabel = "FILE",
            description = "as a training wrote it")
    Path checkpoint = Path.of("");

    @Option(names = "--no-progress", description = "no progress bar")
    boolean noProgress;

    private EvalCommand(Screen screen) {
        this.screen = screen;
    }

    static CommandLine commandLine(Screen screen) {
        EvalCommand command = new EvalCommand(screen);
        CommandSpec spec =
                command.options.addTo(
                        CommandSpec.forAnnotatedObject(command), SETTINGS, "the training's");
        return new CommandLine(spec);
    }

    @Override
    public Integer call() {
        Map<Setting, String> given = new EnumMap<>(Setting.class);
        given.putAll(options.given());
        // Here a batch is one of the test set.
        String batchSize = given.remove(Setting.BATCH_SIZE);
        if (batchSize != null) {
            given.put(Setting.TEST_BATCH_SIZE, batchSize);
        }
        Settings.initial().with(given).check();
        Checkpoint trained = Checkpoint.read(checkpoint);
        evaluate(screen, trained, trained.settings().with(given).check(), noProgress);
        return 0;
    }

    /// Measures a checkpoint as the settings say, and prints what came out.
    static void evaluate(Screen all, Checkpoint trained, Settings settings, boolean noProgress) {
        Communicator ranks = World.join();
        Screen screen = ranks.isRoot() ? all : all.silent();
        Names.checkData(settings.required(Setting.DATA));
        Dataset dataset = TrainingRun.dataset(settings, Split.TEST);
        DataLoader loader = TrainingRun.testLoader(settings, dataset);
        requireFit(trained.spec(), loader);
        Parallel.threads(TrainingRun.threads(settings));
        Backend backend = TrainingRun.backend(settings);
        Module model = trained.model();
        model.to(backend, DType.FLOAT32);
        long began = System.nanoTime();
        Evaluation evaluation;
        try (Autocast _ = TrainingRun.autocast(settings);
                EpochDisplay display =
                        new EpochDisplay(screen, screen.live() && !noProgress, settings)) {
            TrainingEvent.Listener listener = display;
            evaluation =
                    new Evaluator(loader, backend, TrainingRun.views(settings), ranks)
                            .evaluate(model, listener);
        }
        double fps = dataset.size() / ((System.nanoTime() - began) / 1e9);
        screen.line(
                "%s on the %,d test images of %s", trained.spec(), dataset.size(), dataset.name());
        screen.line("top-1 %.2f %%", evaluation.accuracy1());
        screen.line("top-5 %.2f %%", evaluation.accuracy5());
        screen.line("loss  %.4f", evaluation.loss());
        dataset.problems().forEach(problem -> screen.err().println("athanor: " + problem));
        screen.line("");
        ResultRow row =
                ResultRow.of(
                        settings, evaluation, fps, trained.progress().epoch(), About.versions());
        ResultRow.table(List.of(row)).forEach(line -> screen.line("%s", line));
        screen.line("");
        screen.out().print(new ConfusionText(dataset.classNames(), evaluation.confusion()));
    }

    private static void requireFit(ModelSpec spec, DataLoader loader) {
        int classes = loader.dataset().classes();
        int channels = loader.shape().channels();
        int side = loader.shape().height();
        if (classes != spec.classes() || channels != spec.channels() || side != spec.imageSize()) {
            throw new TrainingProblem(
                    "the checkpoint is of %s; %s has %d classes and images of %d x %d x %d: choose a --data that fits"
                            .formatted(
                                    spec,
                                    loader.dataset().name(),
                                    classes,
                                    channels,
                                    side,
                                    loader.shape().width()));
        }
    }
}
