package athanor.cli;

import athanor.train.report.Report;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// Writes the page of a run.
@Command(
        name = "report",
        mixinStandardHelpOptions = true,
        header = "Write the page of a run: one HTML file, and its curves as PNG.",
        description = {
            "",
            "A training writes report.html and curves/ into its folder when it ends; this does it at any time.",
            ""
        })
final class ReportCommand implements Callable<Integer> {
    private final Screen screen;

    @Parameters(arity = "1..*", paramLabel = "RUN", description = "folder that train wrote")
    List<Path> runs = new ArrayList<>();

    ReportCommand(Screen screen) {
        this.screen = screen;
    }

    @Override
    public Integer call() {
        for (Path run : runs) {
            List<Path> files = Report.write(run);
            files.forEach(file -> screen.line("%s", file));
            if (files.size() == 1) {
                screen.err()
                        .println(
                                "athanor: no curves as PNG: no epoch yet, or no fonts on this system");
            }
        }
        return 0;
    }
}
