package athanor.train;

/// A training whose numbers are no longer finite: at which step (from 1), where first, at which
/// learning rate.
final class Divergence extends RuntimeException {
    private static final long serialVersionUID = 1;

    Divergence(String what, long step, String where, double learningRate) {
        super(
                "%s at step %d: the training has diverged, first in %s, at a learning rate of %.3g"
                        .formatted(what, step, where, learningRate));
    }
}
