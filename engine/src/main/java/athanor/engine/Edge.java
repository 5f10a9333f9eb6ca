package athanor.engine;

import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// The way from a result back to one input: the input's node (never its tensor), the rule from the
/// gradient of the result to that of the input, and the tensors that the rule needs. Where the
/// input wants no gradient, it is empty and keeps nothing alive.
public final class Edge {
    static final Edge NONE = new Edge(null, UnaryOperator.identity(), List.of());

    private final @Nullable Node input;
    private final UnaryOperator<Tensor> rule;
    private final List<Tensor> saved;

    Edge(@Nullable Node input, UnaryOperator<Tensor> rule, List<Tensor> saved) {
        this.input = input;
        this.rule = rule;
        this.saved = saved;
    }

    boolean leadsSomewhere() {
        return input != null;
    }

    @Nullable Node input() {
        return input;
    }

    UnaryOperator<Tensor> rule() {
        return rule;
    }

    List<Tensor> saved() {
        return saved;
    }
}
