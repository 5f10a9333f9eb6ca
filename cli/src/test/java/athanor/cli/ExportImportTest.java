package athanor.cli;

import static athanor.cli.CommandLineTest.run;
import static org.assertj.core.api.Assertions.assertThat;

import athanor.cli.CommandLineTest.Result;
import athanor.nn.io.Numpy;
import athanor.nn.io.TensorData;
import athanor.nn.io.TensorFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A model out and in again, on the command line.
class ExportImportTest {
    @TempDir Path folder = Path.of("");

    private Path checkpoint = Path.of("");

    @BeforeEach
    void trainOneStep() {
        Path out = folder.resolve("run");
        succeed(
                "train --model resnet8 --data shapes10 --max-steps 1 --batch-size 8 --workers 1"
                        + " --test-batch-size 500 --eval-every 0 --no-progress --out "
                        + out);
        checkpoint = out.resolve("checkpoints/last.safetensors");
        assertThat(checkpoint).exists();
    }

    private static Result succeed(String arguments) {
        Result result = run(arguments.split(" "));
        assertThat(result.code()).as(result.err()).isZero();
        return result;
    }

    @Test
    void anOnnxFileIsWrittenReadAndTrainedFurther() {
        Path onnx = folder.resolve("model.onnx");
        succeed("export --checkpoint " + checkpoint + " --out " + onnx);
        assertThat(succeed("import " + onnx).out())
                .contains("77,706 parameters", "Conv 9", "takes  input float[?, 3, 32, 32]")
                .contains("run here: float[1, 10]");
        Path further = folder.resolve("further");
        succeed(
                "train --data shapes10 --max-steps 1 --batch-size 8 --workers 1 --eval-every 0"
                        + " --no-progress --model "
                        + onnx
                        + " --out "
                        + further);
        // A checkpoint of it is one like any other, and is exported again.
        Path again = folder.resolve("again.onnx");
        succeed(
                "export --checkpoint "
                        + further.resolve("checkpoints/last.safetensors")
                        + " --out "
                        + again);
        assertThat(succeed("import " + again).out()).contains("77,706 parameters");
        Result misfit =
                run("import", onnx.toString(), "--data", "cifar100", "--out", again.toString());
        assertThat(misfit.code()).isEqualTo(2);
        assertThat(misfit.err()).contains("yields logits float[?, 10]", "100 classes");
    }

    @Test
    void parametersOfOtherNamesBecomeACheckpoint() throws IOException {
        Path npz = folder.resolve("weights.npz");
        succeed("export --checkpoint " + checkpoint + " --out " + npz);
        Map<String, TensorData> theirs = new LinkedHashMap<>();
        TensorFile.read(npz)
                .forEach(
                        (name, tensor) ->
                                theirs.put(
                                        "module."
                                                + name.replace("fc.", "linear.")
                                                        .replace("downsample", "shortcut"),
                                        tensor));
        Path foreign = folder.resolve("foreign.npz");
        Numpy.write(theirs, foreign);
        Path imported = folder.resolve("imported.safetensors");
        Result result =
                succeed("import " + foreign + " --model resnet8 --data shapes10 --out " + imported);
        assertThat(result.out()).contains("module.linear.weight", "[10, 64]", "fits resnet8");
        Path weights = folder.resolve("weights.safetensors");
        succeed("export --checkpoint " + imported + " --format safetensors --out " + weights);
        Map<String, TensorData> before = TensorFile.read(npz);
        Map<String, TensorData> after = TensorFile.read(weights);
        assertThat(after.keySet()).isEqualTo(before.keySet());
        after.forEach(
                (name, tensor) ->
                        assertThat(tensor.floats())
                                .isEqualTo(before.getOrDefault(name, tensor).floats()));
        Result misfit =
                run("import", foreign.toString(), "--model", "resnet20", "--data", "cifar10");
        assertThat(misfit.code()).isEqualTo(1);
        assertThat(misfit.err()).contains("missing", "layer1.1.conv1.weight");
        assertThat(Files.size(imported)).isPositive();
    }
}
