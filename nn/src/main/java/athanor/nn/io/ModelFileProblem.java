package athanor.nn.io;

import java.nio.file.Path;

/// A model file that cannot be read, written or used, and why, in one line.
public final class ModelFileProblem extends RuntimeException {
    private static final long serialVersionUID = 1;

    public ModelFileProblem(String message) {
        super(message);
    }

    ModelFileProblem(Path file, String problem) {
        super(file + ": " + problem);
    }

    public ModelFileProblem(Path file, String problem, Exception cause) {
        super(file + ": " + problem, cause);
    }
}
