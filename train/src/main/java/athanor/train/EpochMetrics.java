package athanor.train;

import java.util.Optional;

/// What an epoch came to. Accuracies are percentages, `trainLoss` is the mean over the images of
/// the epoch, memory is resident.
public record EpochMetrics(
        int epoch,
        long step,
        double learningRate,
        double trainLoss,
        double trainAccuracy,
        Optional<Evaluation> test,
        double imagesPerSecond,
        double seconds,
        long peakMemoryBytes) {}
