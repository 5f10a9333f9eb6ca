package athanor.cli;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.GradMode;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.nn.Module;
import athanor.train.Checkpoint;
import athanor.train.ModelSpec;
import athanor.train.Setting;
import athanor.train.TrainingRun;
import athanor.train.data.Batch;
import athanor.train.data.Batches;
import athanor.train.data.DataLoader;
import athanor.train.data.Datasets;
import athanor.train.data.Normalization;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Names what images show.
@Command(
        name = "predict",
        mixinStandardHelpOptions = true,
        header = "Name what images show: the five likeliest classes of each.",
        description = {
            "",
            "Of an image, the middle square is taken and resized to what the model was trained on.",
            ""
        })
final class PredictCommand implements Callable<Integer> {
    private static final int SHOWN = 5;

    private final Screen screen;

    @Option(
            names = "--checkpoint",
            required = true,
            paramLabel = "FILE",
            description = "as a training wrote it")
    Path checkpoint = Path.of("");

    @Parameters(
            arity = "1..*",
            paramLabel = "IMAGE",
            description = "PNG, JPEG, GIF, BMP, PPM or PGM files")
    List<Path> images = new ArrayList<>();

    PredictCommand(Screen screen) {
        this.screen = screen;
    }

    @Override
    public Integer call() {
        Checkpoint trained = Checkpoint.read(checkpoint);
        ModelSpec spec = trained.spec();
        Normalization normalization =
                TrainingRun.normalization(
                        trained.settings(),
                        Datasets.named(trained.settings().required(Setting.DATA)),
                        spec.channels());
        ImageFiles files =
                ImageFiles.read(images, spec.imageSize(), spec.channels(), trained.classNames());
        DataLoader loader = DataLoader.evaluation(files, normalization, 1, 0);
        Module model = trained.model();
        model.to(Backend.cpu(), DType.FLOAT32);
        model.train(false);
        try (Batches batches = loader.epoch(0)) {
            for (Path image : images) {
                try (Batch batch = batches.next().orElseThrow()) {
                    print(image, probabilities(model, batch), trained.classNames());
                }
            }
        }
        return 0;
    }

    private static float[] probabilities(Module model, Batch batch) {
        Shape shape =
                Shape.of(
                        1, batch.shape().height(), batch.shape().width(), batch.shape().channels());
        try (Workspace _ = Workspace.open()) {
            Tensor image = Tensor.of(Backend.cpu(), shape, HostBuffer.of(batch.images()));
            return GradMode.off(() -> model.forward(image).softmax()).toFloats();
        }
    }

    private void print(Path image, float[] probabilities, List<String> classNames) {
        screen.line("%s", image);
        IntStream.range(0, probabilities.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer c) -> -probabilities[c]))
                .limit(SHOWN)
                .forEach(
                        c ->
                                screen.line(
                                        "  %6.2f %%  %s",
                                        100 * probabilities[c], classNames.get(c)));
    }
}
