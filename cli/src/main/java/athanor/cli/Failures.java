package athanor.cli;

import athanor.train.InvalidSetting;
import athanor.train.distributed.World;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/// Says in one line what went wrong and what to do, and which exit code that is.
record Failures(Screen screen, boolean stacktrace) {
    static final int FAILED = 1;
    static final int MISUSED = 2;

    int report(Throwable problem) {
        String rank = World.self().isEmpty() ? "" : World.self() + ": ";
        screen.err().println("athanor: " + rank + oneLine(message(problem)));
        if (stacktrace) {
            problem.printStackTrace(screen.err());
        }
        return problem instanceof InvalidSetting || problem instanceof ParameterException
                ? MISUSED
                : FAILED;
    }

    private static String message(Throwable problem) {
        return switch (problem) {
            case UnmatchedArgumentException e -> unmatched(e);
            case MissingParameterException e -> missing(e);
            case ParameterException e -> text(e) + help(e);
            case OutOfMemoryError _ ->
                    "out of memory: the heap of %,d MB is too small; use a smaller --batch-size, or ATHANOR_JAVA_OPTS=-Xmx8g"
                            .formatted(Runtime.getRuntime().maxMemory() >> 20);
            case UncheckedIOException e -> text(e) + "; check the file and the disk";
            case NoSuchFileException e -> e.getFile() + ": there is no such file; check the name";
            case FileSystemException e ->
                    text(e) + "; check that the place is there, is yours, and has room";
            case IOException e -> text(e) + "; check the file and the disk";
            case RuntimeException e when speaks(e) -> text(e);
            case Throwable e -> e + ": a fault of the program; --stacktrace shows where it arose";
        };
    }

    /// Whether the message was written for people: by one of our own exceptions, or by a check of
    /// an argument.
    private static boolean speaks(RuntimeException e) {
        boolean own = e.getClass().getName().startsWith("athanor.");
        boolean thrownByUs =
                e.getStackTrace().length > 0
                        && e.getStackTrace()[0].getClassName().startsWith("athanor.");
        return own || (e instanceof IllegalArgumentException && thrownByUs);
    }

    private static String unmatched(UnmatchedArgumentException e) {
        String given = e.getUnmatched().getFirst();
        CommandSpec command = e.getCommandLine().getCommandSpec();
        List<String> known = new ArrayList<>();
        if (given.startsWith("-")) {
            command.options().forEach(option -> known.addAll(List.of(option.names())));
        } else {
            known.addAll(command.subcommands().keySet());
        }
        String word = given.split("=", 2)[0];
        return "%s: unknown %s '%s'%s%s"
                .formatted(
                        command.qualifiedName(),
                        given.startsWith("-") ? "option" : "argument",
                        word,
                        Nearest.hint(word, known),
                        help(e));
    }

    /// Picocli names the longest of an option's names; ours are known by the first.
    private static String missing(MissingParameterException e) {
        List<String> names =
                e.getMissing().stream()
                        .map(
                                arg ->
                                        arg instanceof OptionSpec option
                                                ? option.names()[0] + "=" + arg.paramLabel()
                                                : arg.paramLabel())
                        .toList();
        return "%s: %s is missing or has no value%s"
                .formatted(
                        e.getCommandLine().getCommandSpec().qualifiedName(),
                        String.join(", ", names),
                        help(e));
    }

    private static String help(ParameterException e) {
        return " (" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help says more)";
    }

    private static String text(Throwable e) {
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message;
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", "; ");
    }
}
