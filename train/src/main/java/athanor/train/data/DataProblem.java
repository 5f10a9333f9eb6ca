package athanor.train.data;

/// Data that cannot be used. The message is one line: the file, what is wrong with it, and the way
/// out.
public final class DataProblem extends RuntimeException {
    private static final long serialVersionUID = 1;

    public DataProblem(Object file, String wrong, String wayOut) {
        super(file + ": " + wrong + "; " + wayOut);
    }

    public DataProblem(Object file, String wrong, String wayOut, Throwable cause) {
        super(file + ": " + wrong + "; " + wayOut, cause);
    }
}
