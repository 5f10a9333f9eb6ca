package athanor.cli;

import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// Lists the recipes, or prints one, ready to be copied and changed.
@Command(
        name = "recipes",
        mixinStandardHelpOptions = true,
        header = "List the recipes, or print one.",
        description = {
            "",
            "A copy can be changed and used: athanor recipes cnn-mnist > my.recipe,"
                    + " athanor train --recipe my.recipe.",
            "",
        })
final class RecipesCommand implements Callable<Integer> {
    private final Screen screen;

    @Parameters(arity = "0..1", paramLabel = "NAME", description = "the recipe to print")
    Optional<String> name = Optional.empty();

    RecipesCommand(Screen screen) {
        this.screen = screen;
    }

    @Override
    public Integer call() {
        if (name.isPresent()) {
            screen.out().print(Recipe.text(name.get()));
        } else {
            for (String known : Recipe.NAMES) {
                screen.line("%-25s %s", known, Recipe.of(known).description());
            }
        }
        return 0;
    }
}
