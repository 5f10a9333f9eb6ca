package athanor.train;

import athanor.engine.Gradients;
import athanor.engine.Tensor;
import athanor.nn.Module;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// How gradients become a step: clipped, handed to the optimizer, followed by the averages of the
/// weights.
///
/// @param clipNorm the greatest length of the gradient; 0: any
/// @param emaDecay of the average that evaluation sees
/// @param lookaheadDecay of the slow weights
/// @param steps of the whole training
record Update(
        Optimizer optimizer,
        double clipNorm,
        Optional<WeightAverage> ema,
        double emaDecay,
        Optional<WeightAverage> lookahead,
        double lookaheadDecay,
        long steps) {

    static Update of(Settings settings, Optimizer optimizer, Module model, long steps) {
        double ema = settings.real(Setting.EMA);
        double lookahead = settings.real(Setting.LOOKAHEAD);
        return new Update(
                optimizer,
                settings.real(Setting.CLIP_GRAD_NORM),
                ema > 0 ? Optional.of(new WeightAverage(model)) : Optional.empty(),
                ema,
                lookahead > 0 ? Optional.of(new WeightAverage(model)) : Optional.empty(),
                lookahead,
                steps);
    }

    /// The same, where somebody sees the gradients that the optimizer gets.
    Update watched(Consumer<Gradients> watcher) {
        Optimizer seen = new Optimizer.Watched(optimizer, watcher);
        return new Update(seen, clipNorm, ema, emaDecay, lookahead, lookaheadDecay, steps);
    }

    void step(Gradients gradients, Schedule.Rate rate) {
        if (clipNorm > 0) {
            clip(gradients);
        }
        optimizer.step(gradients, rate);
        lookahead.ifPresent(slow -> slow.lead(lookaheadDecay, optimizer.steps(), steps));
        ema.ifPresent(average -> average.follow(emaDecay, optimizer.steps()));
    }

    /// Shortens the gradient of all parameters together, as PyTorch's clip_grad_norm_. Pascanu et
    /// al. 2013.
    private void clip(Gradients gradients) {
        double factor = clipNorm / (gradients.norm() + 1e-6);
        if (factor < 1) {
            gradients.scale(factor);
        }
    }

    /// Runs an evaluation on the weights that are meant for it.
    <T> T evaluating(Supplier<T> evaluation) {
        return ema.isPresent() ? ema.get().instead(evaluation) : evaluation.get();
    }

    /// All tensors that a resume needs, by their names in a checkpoint.
    Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        optimizer.state().forEach((name, tensor) -> state.put(Checkpoint.OPTIMIZER + name, tensor));
        ema.ifPresent(
                average ->
                        average.state()
                                .forEach(
                                        (name, tensor) ->
                                                state.put(Checkpoint.EMA + name, tensor)));
        lookahead.ifPresent(
                slow ->
                        slow.state()
                                .forEach(
                                        (name, tensor) ->
                                                state.put(Checkpoint.LOOKAHEAD + name, tensor)));
        return state;
    }
}
