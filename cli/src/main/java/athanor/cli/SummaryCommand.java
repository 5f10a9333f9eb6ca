package athanor.cli;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.Shape;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Drawing;
import athanor.nn.Module;
import athanor.nn.Summary;
import athanor.nn.Trace;
import athanor.train.InvalidSetting;
import athanor.train.ModelSpec;
import athanor.train.Setting;
import athanor.train.Settings;
import athanor.train.data.ImageShape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/// Prints the layers of a model.
@Command(
        name = "summary",
        mixinStandardHelpOptions = true,
        header = "Print the layers of a model: output, parameters, multiplications, memory.",
        description = {
            "",
            "Sizes are those of cifar10, unless --data or the flags say otherwise.",
            ""
        })
final class SummaryCommand implements Callable<Integer> {
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
            names = "--classes",
            paramLabel = "N",
            description = "classes, in place of the data set's")
    Optional<Integer> classes = Optional.empty();

    @Option(
            names = "--channels",
            paramLabel = "N",
            description = "channels of an image, in place of the data set's")
    Optional<Integer> channels = Optional.empty();

    @Option(
            names = "--roofline",
            paramLabel = "a100|h100",
            description = "print what a training step could at best do on this GPU")
    Optional<String> roofline = Optional.empty();

    @Option(
            names = "--graph",
            paramLabel = "FILE",
            description = "draw the network into this file, as SVG")
    Optional<Path> graph = Optional.empty();

    private SummaryCommand(Screen screen) {
        this.screen = screen;
    }

    static CommandLine commandLine(Screen screen) {
        SummaryCommand command = new SummaryCommand(screen);
        return new CommandLine(
                command.options.addTo(CommandSpec.forAnnotatedObject(command), SETTINGS));
    }

    @Override
    public Integer call() {
        Settings settings =
                Settings.initial().with(Setting.DATA, "cifar10").with(options.given()).check();
        Names.check(settings);
        Sizes sizes = Sizes.of(settings);
        ImageShape image = sizes.image();
        ModelSpec spec =
                ModelSpec.of(
                        settings,
                        classes.orElse(sizes.classes()),
                        channels.orElse(image.channels()),
                        image.height());
        if (roofline.isPresent()) {
            roofline(settings, sizes).forEach(line -> screen.line("%s", line));
            return 0;
        }
        Module model = spec.create();
        model.to(Backend.cpu(), DType.FLOAT32);
        model.initialize(PhiloxKey.of(0));
        screen.line("%s", spec);
        screen.out()
                .print(
                        Summary.of(model, Shape.of(image.height(), image.height(), spec.channels()))
                                .table());
        if (graph.isPresent()) {
            Trace trace = new SampleStep(spec, model, 1).trace();
            String shape = Shape.of(1, image.height(), image.height(), spec.channels()).toString();
            write(graph.get(), Drawing.svg(spec.toString(), shape, trace));
        }
        return 0;
    }

    private List<String> roofline(Settings settings, Sizes sizes) {
        String name = roofline.orElseThrow().toUpperCase(Locale.ROOT);
        List<String> known = Arrays.stream(Roofline.Gpu.values()).map(Enum::name).toList();
        if (!known.contains(name)) {
            throw new InvalidSetting("--roofline " + roofline.get() + ": accepted is a100 or h100");
        }
        Roofline noted = new Roofline();
        try (SyntheticTraining step = new SyntheticTraining(settings, sizes, noted.backend())) {
            noted.clear();
            step.start();
            return noted.table(Roofline.Gpu.valueOf(name), settings.whole(Setting.BATCH_SIZE));
        }
    }

    private void write(Path file, String svg) {
        try {
            Files.writeString(file, svg);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "--graph %s: cannot be written (%s)".formatted(file, e.getMessage()), e);
        }
        screen.line("%s", file);
    }
}
