package athanor.train.distributed;

import java.io.Serial;

/// Ranks that cannot be reached, or a library that is missing: what, and what to do.
public final class CommunicatorProblem extends RuntimeException {
    @Serial private static final long serialVersionUID = 1;

    public CommunicatorProblem(String message) {
        super(message);
    }
}
