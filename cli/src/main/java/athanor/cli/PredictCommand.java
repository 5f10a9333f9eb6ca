package athanor.cli;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.GradMode;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.nn.Module;
import athanor.nn.Saliency;
import athanor.train.Checkpoint;
import athanor.train.ModelSpec;
import athanor.train.Setting;
import athanor.train.TrainingRun;
import athanor.train.data.Batch;
import athanor.train.data.Batches;
import athanor.train.data.DataLoader;
import athanor.train.data.Datasets;
import athanor.train.data.Normalization;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
            "Of an image, the middle square is taken, resized to what the model was trained on, and normalized as"
                    + " the checkpoint says.",
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
            description = "PNG, JPEG, GIF, BMP, TIFF, PPM or PGM files of any size")
    List<Path> images = new ArrayList<>();

    @Option(names = "--json", description = "print one line of JSON")
    boolean json;

    @Option(
            names = "--saliency",
            description =
                    "write IMAGE-saliency.png beside each image: which pixels its likeliest class hangs on")
    boolean saliency;

    /// What an image was taken for: the number of a class, the likeliest first.
    private record Prediction(Path image, List<Integer> classes, float[] probabilities) {}

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
        List<Map<String, Object>> all = new ArrayList<>();
        try (Batches batches = loader.epoch(0)) {
            for (int i = 0; i < images.size(); i++) {
                try (Batch batch = batches.next().orElseThrow()) {
                    Prediction prediction = predict(images.get(i), model, batch);
                    Optional<Path> map =
                            saliency
                                    ? Optional.of(heatMap(prediction, model, batch, files, i))
                                    : Optional.empty();
                    if (json) {
                        all.add(record(prediction, map, trained.classNames()));
                    } else {
                        print(prediction, map, trained.classNames());
                    }
                }
            }
        }
        if (json) {
            screen.line("%s", json(all));
        }
        return 0;
    }

    private static Tensor image(Batch batch) {
        Shape shape =
                Shape.of(
                        1, batch.shape().height(), batch.shape().width(), batch.shape().channels());
        return Tensor.of(Backend.cpu(), shape, HostBuffer.of(batch.images()));
    }

    private static Prediction predict(Path image, Module model, Batch batch) {
        try (Workspace _ = Workspace.open()) {
            float[] probabilities =
                    GradMode.off(() -> model.forward(image(batch)).softmax()).toFloats();
            List<Integer> classes =
                    IntStream.range(0, probabilities.length)
                            .boxed()
                            .sorted(Comparator.comparingDouble((Integer c) -> -probabilities[c]))
                            .limit(SHOWN)
                            .toList();
            return new Prediction(image, classes, probabilities);
        }
    }

    private static Path heatMap(
            Prediction prediction, Module model, Batch batch, ImageFiles files, int index) {
        try (Workspace _ = Workspace.open()) {
            int likeliest = prediction.classes.getFirst();
            float[] heat = Saliency.of(model, image(batch), likeliest);
            return new HeatMap(files.shape(), files.images().get(index), heat)
                    .writeBeside(prediction.image);
        }
    }

    private void print(Prediction prediction, Optional<Path> map, List<String> classNames) {
        screen.line("%s", prediction.image);
        for (int c : prediction.classes) {
            screen.line("  %6.2f %%  %s", 100 * prediction.probabilities[c], classNames.get(c));
        }
        map.ifPresent(file -> screen.line("  %s", file));
    }

    private static Map<String, Object> record(
            Prediction prediction, Optional<Path> map, List<String> classNames) {
        List<Map<String, Object>> classes = new ArrayList<>();
        for (int c : prediction.classes) {
            Map<String, Object> likely = new LinkedHashMap<>();
            likely.put("class", classNames.get(c));
            likely.put("index", c);
            likely.put("probability", prediction.probabilities[c]);
            classes.add(likely);
        }
        Map<String, Object> record = new LinkedHashMap<>();
        record.put("image", prediction.image.toString());
        record.put("predictions", classes);
        map.ifPresent(file -> record.put("saliency", file.toString()));
        return record;
    }

    private static String json(List<Map<String, Object>> all) {
        try {
            return new ObjectMapper().writeValueAsString(all);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e); // Maps, lists, texts and numbers.
        }
    }
}
