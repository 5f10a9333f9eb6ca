package athanor.engine;

import athanor.engine.backend.Cuda;
import athanor.kernels.optimize.UpdateRule;
import athanor.kernels.random.PhiloxKey;
import java.util.List;
import java.util.function.Consumer;

/// Work that is done again and again on tensors of the same shapes at the same places, as a step of
/// training is: they were made outside it ([Workspace#outside]), and what it makes itself belongs
/// to a workspace that it opens and closes. A GPU records such work once, and repeats it as a whole
/// (a CUDA graph): so it must do the same each time but for what follows from `key`, by way of
/// [Randomness], and from `rules`, by way of [Backend#update], and it may read nothing back.
@FunctionalInterface
public interface Repeated extends AutoCloseable {
    /// Does the work once more. On a GPU it may be under way when the call returns.
    ///
    /// @param rules of the updates in the work, in their order
    void run(PhiloxKey key, List<UpdateRule> rules);

    /// Gives up what was recorded.
    @Override
    default void close() {}

    /// The work in the best way that the backend has.
    static Repeated of(Backend backend, Consumer<List<UpdateRule>> work) {
        return backend instanceof Cuda cuda ? cuda.repeated(work) : plainly(work);
    }

    /// The work itself, each time.
    static Repeated plainly(Consumer<List<UpdateRule>> work) {
        return (key, rules) ->
                Randomness.with(
                        key,
                        () -> {
                            work.accept(rules);
                            return rules;
                        });
    }
}
