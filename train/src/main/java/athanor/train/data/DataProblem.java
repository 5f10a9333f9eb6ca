package athanor.train.data;

/// Data that cannot be used. The message is one line: the file, what is wrong with it, and the way out.
public final class DataProblem extends RuntimeException {
    private static final long serialVersionUID = 1;

    public DataProblem(String message) {
        super(message);
    }

    public DataProblem(String message, Throwable cause) {
        super(message, cause);
    }
}
