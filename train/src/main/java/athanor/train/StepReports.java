package athanor.train;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import java.util.ArrayList;
import java.util.List;

/// What steps say of themselves, kept on the device until somebody wants to know: to read it is to
/// wait for a GPU.
final class StepReports {
    /// A step that was started.
    private record Started(int images, double learningRate) {}

    /// A step that is done; its time is an equal share of the time since the last reading.
    record Report(double loss, int correct, int images, double learningRate, double seconds) {}

    private final Tensor rows;
    private final List<Started> open = new ArrayList<>();
    private long since = System.nanoTime();

    /// @param most how many steps may be under way
    StepReports(Backend backend, int most) {
        rows = Workspace.outside(() -> Tensor.zeros(backend, DType.FLOAT32, Shape.of(most, 2)));
    }

    /// Steps since the last reading.
    int open() {
        return open.size();
    }

    boolean isFull() {
        return open.size() == rows.shape().dim(0);
    }

    /// From now on time is counted.
    void begin() {
        since = System.nanoTime();
    }

    /// Notes the result of a step, see [TrainingStep#result].
    void note(Tensor result, int images, double learningRate) {
        rows.backend()
                .copyBlock(
                        result.buffer(),
                        result.shape(),
                        new int[] {0, 0},
                        rows.buffer(),
                        rows.shape(),
                        new int[] {open.size(), 0},
                        result.shape());
        open.add(new Started(images, learningRate));
    }

    /// Waits for the steps since the last reading, and forgets them.
    List<Report> read() {
        float[] numbers = open.isEmpty() ? new float[0] : rows.toFloats();
        long now = System.nanoTime();
        double seconds = (now - since) / 1e9 / Math.max(1, open.size());
        List<Report> reports = new ArrayList<>();
        for (int i = 0; i < open.size(); i++) {
            Started step = open.get(i);
            float loss = numbers[2 * i];
            int correct = Math.round(numbers[2 * i + 1]);
            reports.add(new Report(loss, correct, step.images(), step.learningRate(), seconds));
        }
        open.clear();
        since = now;
        return reports;
    }
}
