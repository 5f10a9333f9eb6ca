package athanor.engine;

import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// The way from a result back to one input: the input's node (never its tensor), the rule from the
/// gradient of the result to that of the input, and the tensors that the rule needs. Where the
/// input wants no gradient, it is empty and keeps nothing alive.
public final class Edge {
    static final Edge NONE = new Edge(null, UnaryOperator.identity(), Optional.empty(), List.of());

    private final @Nullable Node input;
    private final UnaryOperator<Tensor> rule;
    private final Optional<Tape.AddingRule> addingRule;
    private final List<Tensor> saved;

    Edge(
            @Nullable Node input,
            UnaryOperator<Tensor> rule,
            Optional<Tape.AddingRule> addingRule,
            List<Tensor> saved) {
        this.input = input;
        this.rule = rule;
        this.addingRule = addingRule;
        this.saved = saved;
    }

    boolean leadsSomewhere() {
        return input != null;
    }

    @Nullable Node input() {
        return input;
    }

    /// The gradient of the input: added to `before`, what other results have sent, where the rule
    /// can add and may write there; else a tensor of its own.
    Tensor gradient(Tensor dy, @Nullable Tensor before) {
        if (before != null && addingRule.isPresent() && before.storage().isExclusive()) {
            addingRule.get().add(dy, before);
            return before;
        }
        return rule.apply(dy);
    }

    List<Tensor> saved() {
        return saved;
    }
}
