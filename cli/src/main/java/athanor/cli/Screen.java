package athanor.cli;

import java.io.PrintStream;

/// Where the program writes: results to `out`, problems and the progress bar to `err`.
///
/// @param live whether somebody watches `err`, so that a line may be written over
record Screen(PrintStream out, PrintStream err, boolean live) {
    /// That of this process. The launcher knows whether standard error is a terminal; without it, the JVM is asked.
    static Screen ofProcess() {
        boolean live = Boolean.getBoolean("athanor.terminal") || System.console() != null && System.console().isTerminal();
        return new Screen(System.out, System.err, live);
    }

    void line(String format, Object... values) {
        out.println(format.formatted(values));
    }
}
