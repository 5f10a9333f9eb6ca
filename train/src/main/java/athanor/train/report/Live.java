package athanor.train.report;

import athanor.train.TrainingEvent;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/// Where a training in this process stands, for the live page.
final class Live implements TrainingEvent.Listener {
    /// How much the newest step counts in the speed that is shown.
    private static final double NEWEST = 0.1;

    private Optional<TrainingEvent.Started> started = Optional.empty();
    private Optional<TrainingEvent.StepFinished> newest = Optional.empty();
    private boolean running;
    private double secondsPerStep;
    private double lossSum;
    private long correct;
    private long images;

    @Override
    public synchronized void on(TrainingEvent event) {
        switch (event) {
            case TrainingEvent.Started begin -> {
                started = Optional.of(begin);
                running = true;
            }
            case TrainingEvent.StepFinished step -> step(step);
            case TrainingEvent.Finished _ -> running = false;
            case TrainingEvent.Evaluating _,
                    TrainingEvent.EpochFinished _,
                    TrainingEvent.CheckpointWritten _,
                    TrainingEvent.Warning _ -> {
                // The files tell.
            }
        }
    }

    private void step(TrainingEvent.StepFinished step) {
        if (newest.isEmpty() || newest.get().epoch() != step.epoch()) {
            lossSum = 0;
            correct = 0;
            images = 0;
        }
        lossSum += step.loss() * step.images();
        correct += step.correct();
        images += step.images();
        secondsPerStep =
                secondsPerStep == 0
                        ? step.seconds()
                        : secondsPerStep + NEWEST * (step.seconds() - secondsPerStep);
        newest = Optional.of(step);
    }

    /// As the page reads it; empty before the first step.
    synchronized ObjectNode toJson() {
        ObjectNode live = new ObjectMapper().createObjectNode();
        if (started.isPresent() && newest.isPresent()) {
            TrainingEvent.Started begin = started.get();
            TrainingEvent.StepFinished step = newest.get();
            long all = begin.epochs() * begin.stepsPerEpoch();
            live.put("running", running)
                    .put("epoch", step.epoch())
                    .put("epochs", begin.epochs())
                    .put("step", step.step())
                    .put("stepsPerEpoch", begin.stepsPerEpoch())
                    .put("loss", lossSum / images)
                    .put("accuracy", 100.0 * correct / images)
                    .put("imagesPerSecond", step.images() / secondsPerStep)
                    .put("secondsLeft", secondsPerStep * (all - step.step()));
        }
        return live;
    }
}
