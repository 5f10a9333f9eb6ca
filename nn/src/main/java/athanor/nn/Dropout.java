package athanor.nn;

import athanor.engine.Tensor;

/// In training, each element becomes 0 with a probability and the others grow so that the
/// expectation stays; in evaluation, y = x. The numbers come from [athanor.engine.Randomness].
public final class Dropout extends Module {
    private double probability;

    public Dropout(double probability) {
        this.probability = probability;
    }

    /// Drops with another probability from now on.
    public void probability(double changed) {
        probability = changed;
    }

    @Override
    protected Tensor compute(Tensor x) {
        return isTraining() ? x.dropout(probability) : x;
    }

    @Override
    public String writeTo(GraphWriter graph, String x) {
        return x;
    }
}
