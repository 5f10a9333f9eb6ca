package athanor.cli;

import athanor.nn.Trace;
import athanor.train.Setting;
import athanor.train.Settings;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/// Prints what a step records.
@Command(
        name = "explain",
        mixinStandardHelpOptions = true,
        header = "Print the tape of one small step: operations, shapes, memory, gradients.",
        description = {
            "",
            "The step is taken in evaluation mode. Model and sizes are those of resnet8 on cifar10, unless flags say"
                    + " otherwise.",
            ""
        })
final class ExplainCommand implements Callable<Integer> {
    private static final List<Setting> SETTINGS =
            List.of(
                    Setting.MODEL,
                    Setting.STEM,
                    Setting.DATA,
                    Setting.IMAGE_SIZE,
                    Setting.BATCH_SIZE);

    private final Screen screen;
    private final SettingOptions options = new SettingOptions();

    @Option(
            names = "--kernel",
            paramLabel = "NAME",
            description =
                    "step through a GPU kernel such as RELU instead, simulated; athanor bench --device cuda-sim --kernels names all")
    Optional<String> kernel = Optional.empty();

    @Option(
            names = "--input",
            paramLabel = "small|large",
            description = "of the kernel: 5 rows of 8 numbers, or 112 of 64 [small]")
    String input = "small";

    @Option(names = "--steps", paramLabel = "N", description = "instructions to show [80]")
    int steps = 80;

    @Option(
            names = "--lane",
            paramLabel = "L",
            description = "show this lane of the first warp alone")
    Optional<Integer> lane = Optional.empty();

    private ExplainCommand(Screen screen) {
        this.screen = screen;
    }

    static CommandLine commandLine(Screen screen) {
        ExplainCommand command = new ExplainCommand(screen);
        return new CommandLine(
                command.options.addTo(
                        CommandSpec.forAnnotatedObject(command), SETTINGS, "resnet8, cifar10, 2"));
    }

    @Override
    public Integer call() {
        if (kernel.isPresent()) {
            return new KernelSteps(screen, kernel.get(), input, steps, lane).show();
        }
        Settings settings =
                Settings.initial()
                        .with(Setting.MODEL, "resnet8")
                        .with(Setting.DATA, "cifar10")
                        .with(Setting.BATCH_SIZE, "2")
                        .with(options.given())
                        .check();
        Names.check(settings);
        SampleStep step = SampleStep.of(settings, Sizes.of(settings));
        Trace trace = step.trace();
        screen.line("%s, a batch of %s", step.spec(), settings.text(Setting.BATCH_SIZE));
        screen.out().print(new TapeText(trace));
        return 0;
    }
}
