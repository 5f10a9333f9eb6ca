package athanor.train;

import java.nio.file.Path;
import java.util.Optional;

/// What a training tells those who listen: the progress bar, the log files.
public sealed interface TrainingEvent {
    /// Hears of every event, on the training thread.
    @FunctionalInterface
    interface Listener {
        void on(TrainingEvent event);
    }

    /// The training begins (or goes on) at a step of an epoch, both from 0.
    record Started(int epoch, int epochs, long step, long stepsPerEpoch) implements TrainingEvent {}

    /// A step is done; numbered from 1, as its epoch. The loss is the mean over its batch, of whose
    /// images `correct` were named rightly.
    record StepFinished(
            int epoch,
            long step,
            double loss,
            double learningRate,
            int images,
            int correct,
            double seconds)
            implements TrainingEvent {}

    /// So many of the test images were looked at.
    record Evaluating(int done, int total) implements TrainingEvent {}

    record EpochFinished(EpochMetrics metrics) implements TrainingEvent {}

    record CheckpointWritten(Path file) implements TrainingEvent {}

    /// What went wrong, and how the training goes on all the same.
    record Warning(String text) implements TrainingEvent {}

    /// The end: all epochs done, or the last step that was asked for.
    record Finished(long step, Optional<EpochMetrics> last) implements TrainingEvent {}
}
