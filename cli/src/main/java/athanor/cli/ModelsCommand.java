package athanor.cli;

import athanor.nn.model.Models;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// Lists the models.
@Command(name = "models", mixinStandardHelpOptions = true, header = "List the models.")
final class ModelsCommand implements Callable<Integer> {
    private final Screen screen;

    ModelsCommand(Screen screen) {
        this.screen = screen;
    }

    @Override
    public Integer call() {
        for (Models.Entry model : Models.all()) {
            screen.line("%-15s %s", model.name(), model.description());
        }
        return 0;
    }
}
