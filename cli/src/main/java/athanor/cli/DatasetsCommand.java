package athanor.cli;

import athanor.train.data.DatasetDescription;
import athanor.train.data.Datasets;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// Lists the data sets.
@Command(name = "datasets", mixinStandardHelpOptions = true, header = "List the data sets.")
final class DatasetsCommand implements Callable<Integer> {
    private final Screen screen;

    DatasetsCommand(Screen screen) {
        this.screen = screen;
    }

    @Override
    public Integer call() {
        for (DatasetDescription data : Datasets.all()) {
            screen.line("%-14s %-11s %s", data.name(), data.shape(), data.summary());
        }
        return 0;
    }
}
