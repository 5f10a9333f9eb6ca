package athanor.train.report;

import athanor.train.RunFolder;
import athanor.train.TrainingEvent;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The page of a run as one file that needs no other, and its curves as pictures: `report.html` and
/// `curves/*.png` in the run folder.
public final class Report implements TrainingEvent.Listener {
    private final RunFolder folder;
    private boolean trained;

    /// Writes it when the training ends.
    public Report(RunFolder folder) {
        this.folder = folder;
    }

    @Override
    public void on(TrainingEvent event) {
        if (event instanceof TrainingEvent.StepFinished) {
            trained = true;
        } else if (event instanceof TrainingEvent.Finished && trained) {
            write(folder);
        }
    }

    /// Writes page and curves anew from what lies in the folder; returns the files.
    ///
    /// @return the page first; no curves where the system has no fonts to draw them with
    public static List<Path> write(RunFolder folder) {
        RunData run = RunData.read(name(folder.path()), folder.path());
        List<Path> files = new ArrayList<>();
        byte[] page = Page.of(List.of(run)).getBytes(StandardCharsets.UTF_8);
        files.add(folder.write("report.html", page));
        Curves.of(run).forEach((name, png) -> files.add(folder.write("curves/" + name, png)));
        return files;
    }

    /// The page of a run that is there; nothing is made where there is none.
    public static List<Path> write(Path folder) {
        RunData.read(name(folder), folder);
        return write(RunFolder.open(folder));
    }

    static String name(Path folder) {
        return String.valueOf(folder.toAbsolutePath().normalize().getFileName());
    }
}
