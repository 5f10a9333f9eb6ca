package athanor.cli;

import athanor.train.distributed.World;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/// The top command. Exit codes: 0, 1 for what failed while running, 2 for what was asked for in a
/// wrong way.
@Command(
        name = "athanor",
        header = "Trains neural networks, written in Java by hand.",
        description = {"", "`athanor train` alone trains a small network in about two minutes.%n"},
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        versionProvider = About.class,
        footer = {
            "",
            "`athanor COMMAND --help` explains a command. Memory: ATHANOR_JAVA_OPTS=-Xmx8g athanor ...",
        })
public final class Athanor implements Runnable {
    private final Screen screen;

    @Option(
            names = "--stacktrace",
            scope = ScopeType.INHERIT,
            description = "show where in the program a failure arose")
    boolean stacktrace;

    private Athanor(Screen screen) {
        this.screen = screen;
    }

    public static void main(String[] args) {
        int code = run(Screen.ofProcess(), args);
        System.out.flush();
        World.leave(code);
        System.exit(code);
    }

    static int run(Screen screen, String... args) {
        Athanor top = new Athanor(screen);
        CommandLine line = commandLine(top);
        try {
            return line.execute(args);
        } catch (StackOverflowError | OutOfMemoryError e) {
            return new Failures(screen, top.stacktrace).report(e);
        }
    }

    static CommandLine commandLine(Athanor top) {
        Screen screen = top.screen;
        CommandLine line = new CommandLine(top);
        line.addSubcommand(TrainCommand.commandLine(screen))
                .addSubcommand(EvalCommand.commandLine(screen))
                .addSubcommand(new PredictCommand(screen))
                .addSubcommand(new ReportCommand(screen))
                .addSubcommand(new DashboardCommand(screen))
                .addSubcommand(new DataCommand(screen))
                .addSubcommand(SummaryCommand.commandLine(screen))
                .addSubcommand(ExplainCommand.commandLine(screen))
                .addSubcommand(new DoctorCommand(screen))
                .addSubcommand(BenchCommand.commandLine(screen))
                .addSubcommand(new ExportCommand(screen))
                .addSubcommand(ImportCommand.commandLine(screen))
                .addSubcommand(new RecipesCommand(screen))
                .addSubcommand(new ModelsCommand(screen))
                .addSubcommand(new DatasetsCommand(screen));
        line.setOut(new PrintWriter(screen.out(), true, screen.out().charset()));
        line.setErr(new PrintWriter(screen.err(), true, screen.err().charset()));
        line.setParameterExceptionHandler(
                (problem, args) -> new Failures(screen, top.stacktrace).report(problem));
        line.setExecutionExceptionHandler(
                (problem, at, result) -> new Failures(screen, top.stacktrace).report(problem));
        line.setExitCodeExceptionMapper(problem -> Failures.FAILED);
        return line;
    }

    /// The help of the top command; the jar holds a copy for [Entry].
    static String help(Screen screen) {
        return commandLine(new Athanor(screen)).getUsageMessage(CommandLine.Help.Ansi.OFF);
    }

    @Override
    public void run() {
        screen.out().print(help(screen));
    }
}
