package athanor.train;

import athanor.train.data.Dataset;
import java.util.ArrayList;
import java.util.List;

/// Names the images that could not be read, after the epoch in which that showed.
final class BadImages implements TrainingEvent.Listener {
    private static final int NAMED = 5;

    private final List<Dataset> datasets;
    private final List<TrainingEvent.Listener> listeners;
    private int told;

    BadImages(List<Dataset> datasets, List<TrainingEvent.Listener> listeners) {
        this.datasets = datasets;
        this.listeners = listeners;
    }

    @Override
    public void on(TrainingEvent event) {
        if (event instanceof TrainingEvent.EpochFinished) {
            List<String> problems = new ArrayList<>();
            datasets.forEach(dataset -> problems.addAll(dataset.problems()));
            if (problems.size() > told) {
                told = problems.size();
                TrainingEvent.Warning warning = new TrainingEvent.Warning(text(problems));
                listeners.forEach(listener -> listener.on(warning));
            }
        }
    }

    private static String text(List<String> problems) {
        List<String> named = problems.subList(0, Math.min(NAMED, problems.size()));
        return "%,d images cannot be read, others of their class are in their place: %s%s"
                .formatted(
                        problems.size(),
                        String.join("; ", named),
                        problems.size() > NAMED ? "; ..." : "");
    }
}
