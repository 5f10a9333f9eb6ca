package athanor.cli;

import athanor.engine.Communicator;
import athanor.train.Agreement;
import athanor.train.Checkpoint;
import athanor.train.EpochMetrics;
import athanor.train.FromRoot;
import athanor.train.Setting;
import athanor.train.Settings;
import athanor.train.TrainingEvent;
import athanor.train.TrainingRun;
import athanor.train.distributed.World;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/// Trains. What holds comes, weakest first, from the initial values, the checkpoint to go on from,
/// the recipe, the flags.
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        header = "Train a network: with a recipe, or a model and a data set.",
        description = {
            "",
            "Alone it runs the recipe first-run. Flags change what a recipe says. With --resume, what is not given"
                    + " stays as the checkpoint has it.",
            "",
        })
final class TrainCommand implements Callable<Integer> {
    static final String FIRST_RUN = "first-run";

    private Screen screen;
    private final SettingOptions options = new SettingOptions();

    @Option(
            names = "--recipe",
            paramLabel = "NAME|FILE",
            description = "settings to start from; `athanor recipes` lists them")
    Optional<String> recipe = Optional.empty();

    @Option(names = "--no-progress", description = "no progress bar, only a line for each epoch")
    boolean noProgress;

    private TrainCommand(Screen screen) {
        this.screen = screen;
    }

    static CommandLine commandLine(Screen screen) {
        TrainCommand command = new TrainCommand(screen);
        return new CommandLine(
                command.options.addTo(
                        CommandSpec.forAnnotatedObject(command), Arrays.asList(Setting.values())));
    }

    @Override
    public Integer call() {
        Communicator ranks = World.join();
        if (!ranks.isRoot()) {
            screen = screen.silent();
        }
        Settings settings = settings(ranks);
        Names.check(settings);
        EpochDisplay display = new EpochDisplay(screen, screen.live() && !noProgress, settings);
        TrainingRun run = TrainingRun.prepare(settings, About.program(), List.of(display), ranks);
        Path folder = run.folder().path();
        screen.line("%s, %,d parameters", run.spec(), run.model().parameterCount());
        screen.line("run folder %s", folder);
        if (ranks.size() > 1) {
            screen.line("%d ranks, by %s", ranks.size(), ranks.name());
        }
        AtomicBoolean trains = new AtomicBoolean(ranks.isRoot());
        Runtime.getRuntime()
                .addShutdownHook(new Thread(() -> interrupted(trains.get(), display, folder)));
        try {
            TrainingEvent.Finished finished = run.run();
            report(settings, finished, run);
        } finally {
            trains.set(false);
            display.close();
        }
        return 0;
    }

    // ---- what holds ----

    /// What rank 0 finds to hold, if all were told the same.
    private Settings settings(Communicator ranks) {
        Map<Setting, String> ofMachine = new EnumMap<>(Setting.class);
        Map<String, String> told = new LinkedHashMap<>();
        told.put("the program's version", About.version());
        recipe.ifPresent(name -> told.put("--recipe", name));
        options.given()
                .forEach(
                        (setting, value) -> {
                            if (Agreement.OF_MACHINE.contains(setting)) {
                                ofMachine.put(setting, value);
                            } else {
                                told.put(setting.flag(), value);
                            }
                        });
        Agreement.check(ranks, World.self(), told);
        return new FromRoot(ranks).settings(this::settings, ofMachine);
    }

    private Settings settings() {
        Map<Setting, String> given = options.given();
        Settings asked = merge(Settings.initial(), Map.of(), given);
        Optional<Path> checkpoint = TrainingRun.fileToResume(asked);
        if (checkpoint.isPresent()) {
            return merge(ofCheckpoint(checkpoint.get()), values(recipe), given).check();
        }
        boolean nothingChosen =
                recipe.isEmpty()
                        && !given.containsKey(Setting.MODEL)
                        && !given.containsKey(Setting.DATA);
        if (nothingChosen) {
            screen.line("recipe %s (%s recipes lists the others)", FIRST_RUN, About.command());
        }
        return merge(
                        Settings.initial(),
                        values(nothingChosen ? Optional.of(FIRST_RUN) : recipe),
                        given)
                .check();
    }

    private static Map<Setting, String> values(Optional<String> recipe) {
        return recipe.map(name -> Recipe.of(name).values()).orElse(Map.of());
    }

    /// What a checkpoint was trained with, but for what belonged to that one run: where it wrote,
    /// and what it began from.
    private static Settings ofCheckpoint(Path file) {
        Map<Setting, String> own = new EnumMap<>(Setting.class);
        for (Setting setting : List.of(Setting.OUT, Setting.RESUME, Setting.INIT)) {
            own.put(setting, setting.initial());
        }
        return Checkpoint.read(file).settings().with(own);
    }

    static Settings merge(Settings base, Map<Setting, String> recipe, Map<Setting, String> flags) {
        return base.with(recipe).with(flags);
    }

    // ---- what is said ----

    private void interrupted(boolean trains, EpochDisplay display, Path folder) {
        if (trains) {
            display.close();
            screen.err()
                    .println(
                            "athanor: interrupted; `%s train --resume auto --out %s` goes on from the last checkpoint"
                                    .formatted(About.command(), folder));
        }
    }

    private void report(Settings settings, TrainingEvent.Finished finished, TrainingRun run) {
        screen.line("");
        Optional<EpochMetrics> last = finished.last();
        if (last.isEmpty()) {
            String rule = "complete at step %,d, as --epochs %s and --max-steps %s say";
            screen.line(
                    rule,
                    finished.step(),
                    settings.text(Setting.EPOCHS),
                    settings.text(Setting.MAX_STEPS));
        }
        last.flatMap(EpochMetrics::test)
                .ifPresent(
                        test ->
                                screen.line(
                                        "test accuracy %.2f %% (top 5: %.2f %%)",
                                        test.accuracy1(), test.accuracy5()));
        screen.line("the run lies in %s; what next:", run.folder().path());
        String data = settings.path(Setting.DATA_DIR).map(dir -> " --data-dir " + dir).orElse("");
        next("eval --checkpoint " + run.folder().last() + data);
        next("predict --checkpoint " + run.folder().last() + " IMAGE...");
        if (last.isEmpty() && settings.whole(Setting.MAX_STEPS) > 0) {
            next("train --resume auto --out " + run.folder().path() + " --max-steps 0");
        }
        next(
                "train --recipe cnn-mnist --data-dir DIR   ("
                        + About.command()
                        + " recipes lists more)");
    }

    private void next(String arguments) {
        screen.line("  %s %s", About.command(), arguments);
    }
}
