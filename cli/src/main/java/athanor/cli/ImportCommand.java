package athanor.cli;

import athanor.kernels.random.PhiloxKey;
import athanor.nn.Module;
import athanor.nn.io.StateDict;
import athanor.nn.io.TensorData;
import athanor.nn.io.TensorFile;
import athanor.nn.model.Models;
import athanor.nn.onnx.OnnxModel;
import athanor.train.Checkpoint;
import athanor.train.InvalidSetting;
import athanor.train.ModelSpec;
import athanor.train.Setting;
import athanor.train.Settings;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Says what a model file of another program holds, and makes a checkpoint of it.
@Command(
        name = "import",
        mixinStandardHelpOptions = true,
        header = "Read a model of another program: ONNX, PyTorch, NumPy.",
        description = {
            "",
            "An .onnx file is a whole network; `train --model FILE.onnx` trains it further. Of files"
                    + " with parameters alone (.pth, .safetensors, .npz), --model says whose they are,"
                    + " and what does not fit is listed. --out writes a checkpoint for eval, predict"
                    + " and train --init.",
            ""
        })
final class ImportCommand implements Callable<Integer> {
    private static final List<Setting> SETTINGS =
            List.of(Setting.MODEL, Setting.STEM, Setting.DATA, Setting.IMAGE_SIZE);

    private final Screen screen;
    private final SettingOptions options = new SettingOptions();

    @Parameters(paramLabel = "FILE", description = "file to read; its contents say what it is")
    Path file = Path.of("");

    @Option(
            names = "--classes",
            paramLabel = "N",
            description = "classes, in place of the data set's")
    Optional<Integer> classes = Optional.empty();

    @Option(names = "--out", paramLabel = "FILE", description = "checkpoint to write")
    Optional<Path> out = Optional.empty();

    private ImportCommand(Screen screen) {
        this.screen = screen;
    }

    static CommandLine commandLine(Screen screen) {
        ImportCommand command = new ImportCommand(screen);
        return new CommandLine(
                command.options.addTo(CommandSpec.forAnnotatedObject(command), SETTINGS));
    }

    @Override
    public Integer call() {
        boolean isGraph = Models.isFile(file.toString());
        Map<Setting, String> given = new EnumMap<>(Setting.class);
        given.putAll(options.given());
        if (isGraph) {
            given.put(Setting.MODEL, file.toAbsolutePath().normalize().toString());
        }
        if (out.isPresent()
                && !(given.containsKey(Setting.MODEL) && given.containsKey(Setting.DATA))) {
            throw new InvalidSetting(
                    "--out: a checkpoint needs to know the "
                            + (isGraph
                                    ? "data; add --data NAME"
                                    : "model and the data; add --model NAME --data NAME"));
        }
        Settings settings = Settings.initial().with(Setting.DATA, "cifar10").with(given).check();
        Map<String, TensorData> tensors = isGraph ? describeGraph() : describeTensors();
        if (settings.text(Setting.MODEL).isEmpty() || (isGraph && out.isEmpty())) {
            return 0;
        }
        Names.check(settings);
        Sizes sizes = Sizes.of(settings);
        int count = classes.orElse(sizes.classes());
        ModelSpec spec =
                ModelSpec.of(settings, count, sizes.image().channels(), sizes.image().height());
        Module model = spec.create();
        model.initialize(PhiloxKey.of(0));
        if (!isGraph) {
            StateDict.load(model, tensors, file.toString());
        }
        screen.line("fits %s", spec);
        List<String> names = IntStream.range(0, count).mapToObj(String::valueOf).toList();
        out.ifPresent(to -> Checkpoint.untrained(settings, spec, names, model).write(to));
        out.ifPresent(to -> screen.line("%s: a checkpoint for eval, predict and --init", to));
        return 0;
    }

    private Map<String, TensorData> describeGraph() {
        OnnxModel model = OnnxModel.read(file);
        String operators =
                model.operators().entrySet().stream()
                        .map(entry -> entry.getKey() + " " + entry.getValue())
                        .collect(Collectors.joining(", "));
        screen.line("%s: %,d parameters; operators: %s", file, model.parameterCount(), operators);
        model.inputs().forEach(port -> screen.line("  takes  %s", port));
        model.outputs().forEach(port -> screen.line("  yields %s", port));
        model.outputsOfZeros().forEach(port -> screen.line("  made of zeros, run here: %s", port));
        return Map.of();
    }

    private Map<String, TensorData> describeTensors() {
        Map<String, TensorData> tensors = TensorFile.read(file);
        long numbers = tensors.values().stream().mapToLong(t -> t.shape().size()).sum();
        screen.line("%s: %d tensors, %,d numbers", file, tensors.size(), numbers);
        tensors.forEach(
                (name, tensor) ->
                        screen.line("  %-44s %-5s %s", name, tensor.type(), tensor.shape()));
        return tensors;
    }
}
