package athanor.cli;

import java.io.PrintStream;
import java.util.Map;

/// Where the program writes: results to `out`, problems and the progress bar to `err`.
///
/// @param live whether somebody watches `err`, so that a line may be written over
/// @param coloured whether `out` shows colours
record Screen(PrintStream out, PrintStream err, boolean live, boolean coloured) {
    /// What parts of a line may look like.
    enum Style {
        BOLD(1),
        FAINT(2),
        GREEN(32);

        private final int code;

        Style(int code) {
            this.code = code;
        }
    }

    /// Without colours.
    Screen(PrintStream out, PrintStream err, boolean live) {
        this(out, err, live, false);
    }

    /// That of this process. What starts the JVM knows which of its streams are a terminal.
    static Screen ofProcess() {
        return new Screen(
                System.out,
                System.err,
                Boolean.getBoolean("athanor.terminal"),
                Boolean.getBoolean("athanor.colour") && wantsColours(System.getenv()));
    }

    /// No for a terminal that knows none, and wherever NO_COLOR (no-color.org) is set.
    static boolean wantsColours(Map<String, String> environment) {
        return environment.getOrDefault("NO_COLOR", "").isEmpty()
                && !environment.getOrDefault("TERM", "dumb").equals("dumb");
    }

    @SuppressWarnings(
            "AnnotateFormatMethod") // The annotation would need a library at compile time.
    void line(String format, Object... values) {
        out.println(format.formatted(values));
    }

    /// The text in that style, or as it is where there are no colours.
    String styled(Style style, String text) {
        return coloured ? "\033[" + style.code + "m" + text + "\033[0m" : text;
    }
}
