package athanor.train.report;

import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.nn.Module;
import athanor.nn.Trace;
import athanor.train.EpochMetrics;
import athanor.train.Evaluation;
import athanor.train.Evaluator;
import athanor.train.RunFolder;
import athanor.train.TrainingEvent;
import athanor.train.data.Batch;
import athanor.train.data.Batches;
import athanor.train.data.Dataset;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;

/// Keeps what the newest evaluation found, in `evaluation.json` of the run folder: the confusion
/// matrix, the surest mistakes with their images, and the time that each layer takes. So the page
/// of a run needs neither the data set nor the model.
public final class Findings implements TrainingEvent.Listener {
    static final String FILE = "evaluation.json";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int TRACED_IMAGES = 8;

    private final RunFolder folder;
    private final Module model;
    private final Evaluator test;
    private final boolean timed;

    /// @param timed whether to time the layers, on a few images: on the CPU alone, since a GPU
    /// works on while the clock is read, and a simulator takes long
    public Findings(RunFolder folder, Module model, Evaluator test, boolean timed) {
        this.folder = folder;
        this.model = model;
        this.test = test;
        this.timed = timed;
    }

    @Override
    public void on(TrainingEvent event) {
        if (event instanceof TrainingEvent.EpochFinished epoch) {
            EpochMetrics metrics = epoch.metrics();
            metrics.test().ifPresent(evaluation -> write(metrics.epoch(), evaluation));
        }
    }

    /// Writes the file, for the model as it is after that epoch.
    public void write(int epoch, Evaluation evaluation) {
        Dataset dataset = test.loader().dataset();
        ObjectNode all = JSON.createObjectNode();
        all.put("epoch", epoch);
        all.set("classes", JSON.valueToTree(dataset.classNames()));
        all.set("confusion", JSON.valueToTree(evaluation.confusion()));
        ArrayNode mistakes = all.putArray("mistakes");
        for (Evaluation.Mistake mistake : evaluation.mistakes()) {
            mistakes.addObject()
                    .put("image", mistake.image())
                    .put("label", mistake.label())
                    .put("taken", mistake.taken())
                    .put("margin", mistake.margin())
                    .put("png", Mistakes.single(dataset, mistake).png());
        }
        if (timed) {
            addLayers(all);
        }
        try {
            folder.write(FILE, JSON.writeValueAsBytes(all));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void addLayers(ObjectNode all) {
        try (Batches batches = test.loader().epoch(0);
                Batch batch = batches.next().orElseThrow()) {
            int count = Math.min(TRACED_IMAGES, batch.size());
            Shape shape =
                    Shape.of(
                            count,
                            batch.shape().height(),
                            batch.shape().width(),
                            batch.shape().channels());
            Tensor images = Tensor.of(test.backend(), shape, HostBuffer.of(batch.images()));
            Tensor labels =
                    Tensor.of(test.backend(), Shape.of(count), HostBuffer.of(batch.labels()));
            all.put("layer_images", count);
            ArrayNode layers = all.putArray("layers");
            for (Trace.Layer layer : Trace.of(model, images, labels).costs()) {
                if (layer.forwardSeconds() + layer.backwardSeconds() > 0) {
                    layers.addObject()
                            .put("name", layer.name())
                            .put("kind", layer.kind())
                            .put("output", layer.output().toString())
                            .put("forward_ms", 1e3 * layer.forwardSeconds())
                            .put("backward_ms", 1e3 * layer.backwardSeconds());
                }
            }
        }
    }
}
