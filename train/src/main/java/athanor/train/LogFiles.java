package athanor.train;

/// Writes the events of a training into the log files of its folder.
final class LogFiles implements TrainingEvent.Listener {
    private final RunFolder folder;
    private final int printFreq;
    private long images;
    private double seconds;

    LogFiles(RunFolder folder, int printFreq) {
        this.folder = folder;
        this.printFreq = printFreq;
    }

    @Override
    public void on(TrainingEvent event) {
        switch (event) {
            case TrainingEvent.StepFinished step -> {
                images += step.images();
                seconds += step.seconds();
                if (step.step() % printFreq == 0) {
                    folder.logStep(
                            step.epoch(),
                            step.step(),
                            step.loss(),
                            step.learningRate(),
                            images / seconds);
                    images = 0;
                    seconds = 0;
                }
            }
            case TrainingEvent.EpochFinished epoch -> folder.logEpoch(epoch.metrics());
            case TrainingEvent.Started _,
                    TrainingEvent.Evaluating _,
                    TrainingEvent.CheckpointWritten _,
                    TrainingEvent.Warning _,
                    TrainingEvent.Finished _ -> {
                // Nothing to log.
            }
        }
    }
}
