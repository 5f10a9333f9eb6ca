package athanor.train;

import athanor.engine.Backend;
import athanor.engine.Buffer;
import athanor.engine.Gradients;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.kernels.optimize.AdamStep;
import athanor.kernels.optimize.SgdStep;
import athanor.kernels.optimize.UpdateRule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// Changes parameters against their gradients. Both are PyTorch's rules; the update itself is a
/// kernel.
public sealed interface Optimizer {
    /// One step for all parameters that have a gradient.
    default void step(Gradients gradients, Schedule.Rate rate) {
        apply(advance(rate), gradients);
    }

    /// Counts a step and says by which rules it is made, for [#apply]: what a step needs besides
    /// the gradients.
    List<UpdateRule> advance(Schedule.Rate rate);

    /// Changes the parameters that have a gradient, all at once.
    void apply(List<UpdateRule> rules, Gradients gradients);

    /// What it remembers between steps, by the parameter's name and a word: part of a checkpoint.
    Map<String, Tensor> state();

    /// Steps taken so far.
    long steps();

    /// Goes on as after that many steps; the tensors of [#state] are set by the caller.
    void resumeAt(long steps);

    /// Stochastic gradient descent with momentum; see [SgdStep].
    static Optimizer sgd(
            Map<String, Tensor> parameters, double momentum, boolean nesterov, double weightDecay) {
        return new Sgd(parameters, momentum, nesterov, weightDecay);
    }

    /// Adam with betas 0.9 and 0.999 and epsilon 1e-8, or with `decoupled` weight decay, AdamW; see
    /// [AdamStep].
    static Optimizer adam(Map<String, Tensor> parameters, double weightDecay, boolean decoupled) {
        return new Adam(parameters, weightDecay, decoupled);
    }

    static Optimizer of(Settings settings, Map<String, Tensor> parameters) {
        double weightDecay = settings.real(Setting.WEIGHT_DECAY);
        return switch (settings.word(Setting.OPTIMIZER)) {
            case "adam" -> adam(parameters, weightDecay, false);
            case "adamw" -> adam(parameters, weightDecay, true);
            default ->
                    sgd(
                            parameters,
                            settings.real(Setting.MOMENTUM),
                            settings.on(Setting.NESTEROV),
                            weightDecay);
        };
    }

    /// Each parameter that has a gradient, with what `state` says is kept of it.
    private static void update(
            UpdateRule rule,
            Map<String, Tensor> parameters,
            Gradients gradients,
            Function<String, List<Buffer>> state) {
        List<Backend.Update> updates = new ArrayList<>();
        parameters.forEach(
                (name, parameter) ->
                        gradients
                                .of(parameter)
                                .ifPresent(
                                        gradient ->
                                                updates.add(
                                                        new Backend.Update(
                                                                parameter.buffer(),
                                                                gradient.buffer(),
                                                                state.apply(name),
                                                                parameter.size()))));
        parameters.values().stream()
                .findFirst()
                .ifPresent(parameter -> parameter.backend().update(rule, updates));
    }

    private static Map<String, Tensor> zerosLike(Map<String, Tensor> parameters, String word) {
        Map<String, Tensor> zeros = new LinkedHashMap<>();
        parameters.forEach(
                (name, parameter) ->
                        zeros.put(
                                name + "." + word,
                                Workspace.outside(
                                        () ->
                                                Tensor.zeros(
                                                        parameter.backend(),
                                                        parameter.dtype(),
                                                        parameter.shape()))));
        return zeros;
    }

    private static Buffer named(Map<String, Tensor> state, String name) {
        Tensor tensor = state.get(name);
        if (tensor == null) {
            throw new IllegalStateException("the optimizer has no " + name);
        }
        return tensor.buffer();
    }

    /// SGD; without momentum it remembers nothing.
    final class Sgd implements Optimizer {
        private final Map<String, Tensor> parameters;
        private final Map<String, Tensor> velocities;
        private final double momentum;
        private final boolean nesterov;
        private final double weightDecay;
        private long steps;

        private Sgd(
                Map<String, Tensor> parameters,
                double momentum,
                boolean nesterov,
                double weightDecay) {
            this.parameters = parameters;
            this.momentum = momentum;
            this.nesterov = nesterov;
            this.weightDecay = weightDecay;
            velocities = momentum == 0 ? Map.of() : zerosLike(parameters, "velocity");
        }

        @Override
        public List<UpdateRule> advance(Schedule.Rate rate) {
            return List.of(
                    new SgdStep(
                            rate.learningRate(),
                            momentum == 0 ? 0 : rate.momentum().orElse(momentum),
                            weightDecay,
                            nesterov,
                            steps++ == 0));
        }

        @Override
        public void apply(List<UpdateRule> rules, Gradients gradients) {
            update(
                    rules.getFirst(),
                    parameters,
                    gradients,
                    name ->
                            momentum == 0
                                    ? List.of()
                                    : List.of(named(velocities, name + ".velocity")));
        }

        @Override
        public Map<String, Tensor> state() {
            return velocities;
        }

        @Override
        public long steps() {
            return steps;
        }

        @Override
        public void resumeAt(long taken) {
            steps = taken;
        }
    }

    /// Adam and AdamW; a schedule that cycles the momentum cycles the first beta.
    final class Adam implements Optimizer {
        private static final double BETA1 = 0.9;
        private static final double BETA2 = 0.999;
        private static final double EPSILON = 1e-8;

        private final Map<String, Tensor> parameters;
        private final Map<String, Tensor> moments = new LinkedHashMap<>();
        private final double weightDecay;
        private final boolean decoupled;
        private long steps;

        private Adam(Map<String, Tensor> parameters, double weightDecay, boolean decoupled) {
            this.parameters = parameters;
            this.weightDecay = weightDecay;
            this.decoupled = decoupled;
            moments.putAll(zerosLike(parameters, "mean"));
            moments.putAll(zerosLike(parameters, "square"));
        }

        @Override
        public List<UpdateRule> advance(Schedule.Rate rate) {
            steps++;
            return List.of(
                    new AdamStep(
                            rate.learningRate(),
                            rate.momentum().orElse(BETA1),
                            BETA2,
                            EPSILON,
                            weightDecay,
                            decoupled,
                            (int) steps));
        }

        @Override
        public void apply(List<UpdateRule> rules, Gradients gradients) {
            update(
                    rules.getFirst(),
                    parameters,
                    gradients,
                    name ->
                            List.of(
                                    named(moments, name + ".mean"),
                                    named(moments, name + ".square")));
        }

        @Override
        public Map<String, Tensor> state() {
            return moments;
        }

        @Override
        public long steps() {
            return steps;
        }

        @Override
        public void resumeAt(long taken) {
            steps = taken;
        }
    }
}
