package athanor.train;

/// A training that cannot start or go on: the cause and what to do, in one line.
public final class TrainingProblem extends RuntimeException {
    private static final long serialVersionUID = 1;

    public TrainingProblem(String message) {
        super(message);
    }

    public TrainingProblem(String message, Throwable cause) {
        super(message, cause);
    }
}
