package athanor.train;

/// A training that was asked to stop: it has written a checkpoint of this step.
public final class TrainingStopped extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final long step;

    TrainingStopped(long step) {
        super("stopped after step " + step + "; --resume auto goes on from there");
        this.step = step;
    }

    public long step() {
        return step;
    }
}
