package athanor.cli;

import athanor.engine.Communicator;
import athanor.train.Agreement;
import athanor.train.Checkpoint;
import athanor.train.EpochMetrics;
import athanor.train.Evaluation;
import athanor.train.FromRoot;
import athanor.train.InvalidSetting;
import athanor.train.ResultRow;
import athanor.train.Resumption;
import athanor.train.Setting;
import athanor.train.Settings;
import athanor.train.TrainingEvent;
import athanor.train.TrainingRun;
import athanor.train.TrainingStopped;
import athanor.train.distributed.World;
import athanor.train.report.Dashboard;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
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

    @Option(
            names = "--dashboard",
            arity = "0..1",
            paramLabel = "[ADDRESS:]PORT",
            fallbackValue = DashboardCommand.PORT,
            description =
                    "serve a page that shows the run, on this machine alone unless told otherwise")
    Optional<String> port = Optional.empty();

    @Option(
            names = "--evaluate",
            description = "measure the checkpoint of --resume on the test set, and do not train")
    boolean evaluate;

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
        if (evaluate) {
            Resumption trained =
                    Resumption.of(settings)
                            .orElseThrow(
                                    () ->
                                            new InvalidSetting(
                                                    "--evaluate: needs --resume FILE, the checkpoint to measure"));
            EvalCommand.evaluate(screen, trained.checkpoint(), settings, noProgress);
            return 0;
        }
        EpochDisplay display = new EpochDisplay(screen, screen.live() && !noProgress, settings);
        Optional<Dashboard> dashboard =
                port.filter(_ -> ranks.isRoot())
                        .map(
                                given ->
                                        Dashboard.serve(
                                                DashboardCommand.address("--dashboard", given),
                                                List.of()));
        try {
            List<TrainingEvent.Listener> listeners = new ArrayList<>(List.of(display));
            dashboard.ifPresent(listeners::add);
            TrainingRun run = TrainingRun.prepare(settings, About.program(), listeners, ranks);
            dashboard.ifPresent(page -> page.show(run.folder().path()));
            train(run, settings, display, dashboard, ranks);
        } finally {
            dashboard.ifPresent(Dashboard::close);
        }
        return 0;
    }

    private void train(
            TrainingRun run,
            Settings settings,
            EpochDisplay display,
            Optional<Dashboard> dashboard,
            Communicator ranks) {
        Path folder = run.folder().path();
        screen.line("%s, %,d parameters", run.spec(), run.model().parameterCount());
        screen.line("run folder %s", folder);
        if (ranks.size() > 1) {
            screen.line("%d ranks, by %s", ranks.size(), ranks.name());
        }
        dashboard.ifPresent(page -> screen.line("see it at %s", page.address()));
        CountDownLatch ended = new CountDownLatch(1);
        Screen notes = ranks.isRoot() ? screen : screen.mute();
        Runtime.getRuntime()
                .addShutdownHook(new Thread(() -> interrupted(run, ended, display, notes)));
        try {
            TrainingEvent.Finished finished = run.run();
            report(settings, finished, run);
        } catch (TrainingStopped stopped) {
            notes.err()
                    .println(
                            "athanor: stopped; `%s train --resume auto --out %s` goes on after step %,d"
                                    .formatted(About.command(), folder, stopped.step()));
        } finally {
            display.close();
            ended.countDown();
        }
    }

    /// Runs when the process is told to end (Ctrl-C, SIGTERM), and at its own end; while it waits,
    /// the training writes a checkpoint. The exit code is the signal's: 130, 143.
    private static void interrupted(
            TrainingRun run, CountDownLatch ended, EpochDisplay display, Screen notes) {
        if (ended.getCount() == 0) {
            return;
        }
        run.stop();
        display.close();
        notes.err().println("athanor: interrupted; a checkpoint is written after this step ...");
        try {
            ended.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
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
        Optional<Resumption> resumed = Resumption.of(asked);
        if (resumed.isPresent()) {
            for (String problem : resumed.get().passedOver()) {
                screen.err()
                        .println("athanor: " + problem + "; going on from " + resumed.get().file());
            }
            return merge(ofCheckpoint(resumed.get().checkpoint()), values(recipe), given).check();
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
    private static Settings ofCheckpoint(Checkpoint checkpoint) {
        Map<Setting, String> own = new EnumMap<>(Setting.class);
        for (Setting setting : List.of(Setting.OUT, Setting.RESUME, Setting.INIT)) {
            own.put(setting, setting.initial());
        }
        return checkpoint.settings().with(own);
    }

    static Settings merge(Settings base, Map<Setting, String> recipe, Map<Setting, String> flags) {
        return base.with(recipe).with(flags);
    }

    // ---- what is said ----

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
        last.flatMap(metrics -> metrics.test().map(test -> row(settings, metrics, test)))
                .ifPresent(row -> ResultRow.table(List.of(row)).forEach(l -> screen.line("%s", l)));
        if (!settings.text(Setting.AMP).equals("off")) {
            screen.line(
                    "mixed precision %s, %,d of %,d steps left out for gradients that were not finite",
                    settings.text(Setting.AMP), run.stepsLeftOut(finished), finished.step());
        }
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

    private static ResultRow row(Settings settings, EpochMetrics metrics, Evaluation test) {
        return ResultRow.of(
                settings, test, metrics.imagesPerSecond(), metrics.epoch(), About.versions());
    }

    private void next(String arguments) {
        screen.line("  %s %s", About.command(), arguments);
    }
}
