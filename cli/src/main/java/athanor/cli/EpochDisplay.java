package athanor.cli;

import athanor.train.EpochMetrics;
import athanor.train.Evaluation;
import athanor.train.Setting;
import athanor.train.Settings;
import athanor.train.TrainingEvent;
import java.util.Optional;

/// Shows a training: a line for each epoch, and where somebody watches, a bar within it.
final class EpochDisplay implements TrainingEvent.Listener, AutoCloseable {
    /// How much the newest step counts in the speed that is shown.
    private static final double NEWEST = 0.1;

    private final Screen screen;
    private final boolean bars;
    private final int epochs;
    private final long maxSteps;
    private long stepsPerEpoch;
    private double secondsPerStep;
    private int epoch;
    private double lossSum;
    private long correct;
    private long images;
    private double best;
    private Optional<Bar> bar = Optional.empty();
    private boolean evaluating;

    EpochDisplay(Screen screen, boolean bars, Settings settings) {
        this.screen = screen;
        this.bars = bars;
        epochs = settings.whole(Setting.EPOCHS);
        maxSteps = settings.whole(Setting.MAX_STEPS);
    }

    @Override
    public synchronized void on(TrainingEvent event) {
        switch (event) {
            case TrainingEvent.Started started -> started(started);
            case TrainingEvent.StepFinished step -> step(step);
            case TrainingEvent.Evaluating test -> evaluating(test);
            case TrainingEvent.EpochFinished finished -> epoch(finished.metrics());
            case TrainingEvent.Warning warning -> warn(warning.text());
            case TrainingEvent.CheckpointWritten _ -> {
                // Nothing to show.
            }
            case TrainingEvent.Finished _ -> close();
        }
    }

    private void started(TrainingEvent.Started started) {
        stepsPerEpoch = started.stepsPerEpoch();
        if (started.step() > 0) {
            screen.line(
                    "going on after step %,d, in epoch %d of %d",
                    started.step(), started.epoch() + 1, epochs);
        }
    }

    private void step(TrainingEvent.StepFinished step) {
        if (step.epoch() != epoch) {
            epoch = step.epoch();
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
        if (bars) {
            if (evaluating || bar.isEmpty()) {
                open("epoch %d/%d".formatted(step.epoch(), epochs), stepsPerEpoch);
                evaluating = false;
            }
            long last =
                    maxSteps > 0
                            ? Math.min(maxSteps, epochs * stepsPerEpoch)
                            : epochs * stepsPerEpoch;
            String remark =
                    "loss %.4f  %.2f %%  %,.0f images/s  %s left"
                            .formatted(
                                    lossSum / images,
                                    100.0 * correct / images,
                                    step.images() / secondsPerStep,
                                    time(secondsPerStep * (last - step.step())));
            bar.ifPresent(b -> b.to(step.step() - (step.epoch() - 1) * stepsPerEpoch, remark));
        }
    }

    private void evaluating(TrainingEvent.Evaluating test) {
        if (bars) {
            if (!evaluating) {
                open("test images", test.total());
                evaluating = true;
            }
            bar.ifPresent(b -> b.to(test.done(), ""));
        }
    }

    private void epoch(EpochMetrics metrics) {
        close();
        String test = metrics.test().map(this::test).orElse("");
        screen.line(
                "%s  train: loss %.4f, %.2f %%%s  %s",
                screen.styled(Screen.Style.BOLD, "epoch %d/%d".formatted(metrics.epoch(), epochs)),
                metrics.trainLoss(),
                metrics.trainAccuracy(),
                test,
                screen.styled(
                        Screen.Style.FAINT,
                        "%,.0f images/s  %s"
                                .formatted(metrics.imagesPerSecond(), time(metrics.seconds()))));
    }

    /// The best accuracy so far is green.
    private String test(Evaluation test) {
        String accuracy = "%.2f %%".formatted(test.accuracy1());
        boolean better = test.accuracy1() > best;
        best = Math.max(best, test.accuracy1());
        return "  test: loss %.4f, %s"
                .formatted(
                        test.loss(),
                        better ? screen.styled(Screen.Style.GREEN, accuracy) : accuracy);
    }

    private void warn(String text) {
        close();
        screen.err().println("athanor: " + text);
    }

    private void open(String task, long total) {
        close();
        bar = Optional.of(new Bar(screen.err(), task, total));
    }

    @Override
    public synchronized void close() {
        bar.ifPresent(Bar::close);
        bar = Optional.empty();
    }

    /// As in 42s, 3:07, 5:12:00.
    static String time(double seconds) {
        long whole = Math.round(seconds);
        if (whole < 60) {
            return whole + "s";
        }
        return whole < 3600
                ? "%d:%02d".formatted(whole / 60, whole % 60)
                : "%d:%02d:%02d".formatted(whole / 3600, whole / 60 % 60, whole % 60);
    }
}
