package athanor.cli;

import java.io.OutputStream;
import java.io.PrintStream;

/// Where the program writes: results to `out`, problems and the progress bar to `err`.
///
/// @param live whether somebody watches `err`, so that a line may be written over
record Screen(PrintStream out, PrintStream err, boolean live) {
    /// That of this process. What starts the JVM knows whether standard error is a terminal.
    static Screen ofProcess() {
        return new Screen(System.out, System.err, Boolean.getBoolean("athanor.terminal"));
    }

    /// The same without results: what ranks but the first have.
    Screen silent() {
        return new Screen(new PrintStream(OutputStream.nullOutputStream()), err, false);
    }

    @SuppressWarnings(
            "AnnotateFormatMethod") // The annotation would need a library at compile time.
    void line(String format, Object... values) {
        out.println(format.formatted(values));
    }
}
