package athanor.cli;

import athanor.engine.Shape;
import athanor.nn.Module;
import athanor.nn.io.Numpy;
import athanor.nn.io.Safetensors;
import athanor.nn.io.StateDict;
import athanor.nn.onnx.OnnxExport;
import athanor.train.Checkpoint;
import athanor.train.InvalidSetting;
import athanor.train.ModelSpec;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Writes the model of a checkpoint for other programs.
@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        header = "Write the model of a checkpoint for other programs.",
        description = {
            "",
            "safetensors and npz hold the parameters alone, in PyTorch's names and layout; onnx is"
                    + " the whole network for inference, operator set 17, images [batch, C, H, W]"
                    + " prepared as in the training.",
            ""
        })
final class ExportCommand implements Callable<Integer> {
    private enum Format {
        SAFETENSORS,
        ONNX,
        NPZ
    }

    private final Screen screen;

    @Option(
            names = "--checkpoint",
            required = true,
            paramLabel = "FILE",
            description = "as a training wrote it")
    Path checkpoint = Path.of("");

    @Option(
            names = "--format",
            paramLabel = "safetensors|onnx|npz",
            description = "[by the name of --out]")
    Optional<String> format = Optional.empty();

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "file to write")
    Path out = Path.of("");

    @Option(
            names = "--keep-norms",
            description =
                    "onnx: batch norms stay operators; else they are folded into convolutions")
    boolean keepNorms;

    ExportCommand(Screen screen) {
        this.screen = screen;
    }

    @Override
    public Integer call() {
        Format chosen = chosen();
        Checkpoint trained = Checkpoint.read(checkpoint);
        Module model = trained.model();
        model.train(false);
        ModelSpec spec = trained.spec();
        Map<String, String> texts =
                Map.of(
                        "format", "pt",
                        "athanor.model", spec.toString(),
                        "athanor.classes", String.join(",", trained.classNames()));
        switch (chosen) {
            case SAFETENSORS -> new Safetensors(texts, StateDict.of(model)).write(out);
            case NPZ -> Numpy.write(StateDict.of(model), out);
            case ONNX -> {
                Shape image = Shape.of(spec.imageSize(), spec.imageSize(), spec.channels());
                OnnxExport.write(model, image, !keepNorms, texts, out);
            }
        }
        screen.line("%s: %s, %,d parameters", out, spec, model.parameterCount());
        return 0;
    }

    private Format chosen() {
        String name = out.toString();
        String given = format.orElse(name.substring(name.lastIndexOf('.') + 1));
        for (Format known : Format.values()) {
            if (known.name().equals(given.toUpperCase(Locale.ROOT))) {
                return known;
            }
        }
        throw new InvalidSetting(
                "--format %s: accepted is safetensors, onnx, npz%s"
                        .formatted(given, format.isEmpty() ? " (also as the end of --out)" : ""));
    }
}
