package athanor.train.report;

import athanor.engine.Gradients;
import athanor.engine.Tensor;
import athanor.nn.Module;
import athanor.nn.Parameter;
import athanor.train.EpochMetrics;
import athanor.train.Evaluation;
import athanor.train.Setting;
import athanor.train.Settings;
import athanor.train.TrainingEvent;
import athanor.train.data.Dataset;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/// Writes a training into an event file for TensorBoard: every print-freq steps the loss, the rate
/// and the speed; every epoch its metrics, a sheet of the worst mistakes, and with `--histograms`
/// how weights and the gradients of the epoch's last step are spread.
public final class EventLog implements TrainingEvent.Listener {
    private final Path folder;
    private final Settings settings;
    private final Module model;
    private final Dataset test;
    private Optional<EventFile> opened = Optional.empty();
    private long firstStep;
    private long step;
    private long stepsPerEpoch = 1;
    private long images;
    private double seconds;

    /// @param folder the run's
    /// @param test what evaluations are made on
    public EventLog(Path folder, Settings settings, Module model, Dataset test) {
        this.folder = folder;
        this.settings = settings;
        this.model = model;
        this.test = test;
    }

    @Override
    public void on(TrainingEvent event) {
        switch (event) {
            case TrainingEvent.Started started -> {
                step = started.step();
                firstStep = started.step() + 1;
                stepsPerEpoch = started.stepsPerEpoch();
            }
            case TrainingEvent.StepFinished finished -> step(finished);
            case TrainingEvent.EpochFinished epoch -> epoch(epoch.metrics());
            case TrainingEvent.Finished _ -> opened.ifPresent(EventFile::ended);
            case TrainingEvent.Evaluating _,
                    TrainingEvent.CheckpointWritten _,
                    TrainingEvent.Warning _ -> {
                // Nothing to write.
            }
        }
    }

    /// The file is made when there is something to write: a run that was complete stays as it is.
    private EventFile events() {
        if (opened.isEmpty()) {
            EventFile events =
                    EventFile.create(folder, firstStep, () -> System.currentTimeMillis() / 1e3);
            Map<String, String> asked = settings.asMap();
            asked.values().removeIf(String::isEmpty);
            events.hyperparameters(String.valueOf(folder.getFileName()), asked);
            opened = Optional.of(events);
        }
        return opened.get();
    }

    private void step(TrainingEvent.StepFinished finished) {
        if (finished.step() <= step) {
            // The training went back to a checkpoint.
            firstStep = finished.step();
            opened = Optional.empty();
        }
        step = finished.step();
        images += finished.images();
        seconds += finished.seconds();
        if (step % settings.whole(Setting.PRINT_FREQ) == 0) {
            EventFile events = events();
            events.scalar(step, "loss/step", finished.loss());
            events.scalar(step, "learning_rate", finished.learningRate());
            events.scalar(step, "images_per_s", images / seconds);
            images = 0;
            seconds = 0;
        }
    }

    private void epoch(EpochMetrics metrics) {
        EventFile events = events();
        events.scalar(step, "epoch", metrics.epoch());
        events.scalar(step, "loss/train", metrics.trainLoss());
        events.scalar(step, "accuracy/train", metrics.trainAccuracy());
        events.scalar(step, "peak_memory_bytes", (double) metrics.peakMemoryBytes());
        metrics.test().ifPresent(evaluation -> test(events, evaluation));
        if (settings.on(Setting.HISTOGRAMS)) {
            for (Map.Entry<String, Parameter> entry : model.parameters().entrySet()) {
                float[] values = entry.getValue().tensor().toFloats();
                events.histogram(step, "weights/" + entry.getKey(), Histogram.of(values));
            }
        }
    }

    private void test(EventFile events, Evaluation evaluation) {
        events.scalar(step, "loss/test", evaluation.loss());
        events.scalar(step, "accuracy/test", evaluation.accuracy1());
        events.scalar(step, "accuracy/test_top5", evaluation.accuracy5());
        if (!evaluation.mistakes().isEmpty()) {
            Mistakes.Sheet sheet = Mistakes.sheet(test, evaluation.mistakes());
            events.image(step, "worst_mistakes", sheet.height(), sheet.width(), sheet.png());
        }
    }

    /// Sees the gradients of a step before the optimizer uses them.
    public void gradients(Gradients gradients) {
        if ((step + 1) % stepsPerEpoch == 0) {
            for (Map.Entry<String, Parameter> entry : model.parameters().entrySet()) {
                Optional<Tensor> gradient = gradients.of(entry.getValue().tensor());
                gradient.ifPresent(
                        values ->
                                events().histogram(
                                                step + 1,
                                                "gradients/" + entry.getKey(),
                                                Histogram.of(values.toFloats())));
            }
        }
    }
}
