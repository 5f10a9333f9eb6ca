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
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
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

    /// Changes the parameters that have a gradient, all of a rule at once.
    void apply(List<UpdateRule> rules, Gradients gradients);

    /// What it remembers between steps, by the parameter's name and a word: part of a checkpoint.
    Map<String, Tensor> state();

    /// Steps taken so far.
    long steps();

    /// Goes on as after that many steps; the tensors of [#state] are set by the caller.
    void resumeAt(long steps);

    /// What holds for one parameter: its weight decay, and the factor of its learning rate.
    record Share(double weightDecay, double rate) {}

    /// The share of each parameter, by its name.
    @FunctionalInterface
    interface Shares {
        Share of(String name);

        static Shares equal(double weightDecay) {
            return _ -> new Share(weightDecay, 1);
        }
    }

    /// Stochastic gradient descent with momentum; see [SgdStep].
    static Optimizer sgd(
            Map<String, Tensor> parameters, double momentum, boolean nesterov, Shares shares) {
        return new Sgd(parameters, momentum, nesterov, shares);
    }

    /// Adam with betas 0.9 and 0.999 and epsilon 1e-8, or with `decoupled` weight decay, AdamW; see
    /// [AdamStep].
    static Optimizer adam(Map<String, Tensor> parameters, Shares shares, boolean decoupled) {
        return new Adam(parameters, shares, decoupled);
    }

    /// The same, where somebody sees the gradients before they are used.
    record Watched(Optimizer optimizer, Consumer<Gradients> watcher) implements Optimizer {
        @Override
        public List<UpdateRule> advance(Schedule.Rate rate) {
            return optimizer.advance(rate);
        }

        @Override
        public void apply(List<UpdateRule> rules, Gradients gradients) {
            watcher.accept(gradients);
            optimizer.apply(rules, gradients);
        }

        @Override
        public Map<String, Tensor> state() {
            return optimizer.state();
        }

        @Override
        public long steps() {
            return optimizer.steps();
        }

        @Override
        public void resumeAt(long steps) {
            optimizer.resumeAt(steps);
        }
    }

    static Optimizer of(Settings settings, Map<String, Tensor> parameters) {
        return of(settings, parameters, Set.of());
    }

    /// Norms and biases are the parameters of one axis. `normBiases` names those of batch norms.
    static Optimizer of(Settings settings, Map<String, Tensor> parameters, Set<String> normBiases) {
        double weightDecay = settings.real(Setting.WEIGHT_DECAY);
        boolean all = settings.on(Setting.DECAY_NORMS);
        double biasRate = settings.real(Setting.NORM_BIAS_RATE);
        Map<String, Share> shares = new HashMap<>();
        parameters.forEach(
                (name, parameter) -> {
                    double rate = normBiases.contains(name) ? biasRate : 1;
                    boolean decays = all || parameter.shape().rank() > 1;
                    // Decay is multiplied by the rate, whose factor it shall not feel.
                    double decay = decays && rate > 0 ? weightDecay / rate : 0;
                    shares.put(name, new Share(decay, rate));
                });
        Shares shared = name -> shares.getOrDefault(name, new Share(weightDecay, 1));
        return switch (settings.word(Setting.OPTIMIZER)) {
            case "adam" -> adam(parameters, shared, false);
            case "adamw" -> adam(parameters, shared, true);
            default ->
                    sgd(
                            parameters,
                            settings.real(Setting.MOMENTUM),
                            settings.on(Setting.NESTEROV),
                            shared);
        };
    }

    /// The names of the parameters of each share.
    private static Map<Share, List<String>> groups(Map<String, Tensor> parameters, Shares shares) {
        Map<Share, List<String>> groups = new LinkedHashMap<>();
        for (String name : parameters.keySet()) {
            groups.computeIfAbsent(shares.of(name), _ -> new ArrayList<>()).add(name);
        }
        return groups;
    }

    /// Applies a rule to the parameters of each group that have a gradient, with what `state` says
    /// is kept of them.
    private static void update(
            List<UpdateRule> rules,
            Collection<List<String>> groups,
            Map<String, Tensor> parameters,
            Gradients gradients,
            Function<String, List<Buffer>> state) {
        int i = 0;
        for (List<String> group : groups) {
            List<Backend.Update> updates = new ArrayList<>();
            for (String name : group) {
                Tensor parameter = named(parameters, name);
                gradients
                        .of(parameter)
                        .map(
                                gradient ->
                                        new Backend.Update(
                                                parameter.buffer(),
                                                gradient.buffer(),
                                                state.apply(name),
                                                parameter.size()))
                        .ifPresent(updates::add);
            }
            named(parameters, group.getFirst()).backend().update(rules.get(i++), updates);
        }
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

    private static Tensor named(Map<String, Tensor> state, String name) {
        Tensor tensor = state.get(name);
        if (tensor == null) {
            throw new IllegalStateException("the optimizer has no " + name);
        }
        return tensor;
    }

    /// SGD; without momentum it remembers nothing.
    final class Sgd implements Optimizer {
        private final Map<String, Tensor> parameters;
        private final Map<String, Tensor> velocities;
        private final double momentum;
        private final boolean nesterov;
        private final Map<Share, List<String>> groups;
        private long steps;

        private Sgd(
                Map<String, Tensor> parameters, double momentum, boolean nesterov, Shares shares) {
            this.parameters = parameters;
            this.momentum = momentum;
            this.nesterov = nesterov;
            groups = groups(parameters, shares);
            velocities = momentum == 0 ? Map.of() : zerosLike(parameters, "velocity");
        }

        @Override
        public List<UpdateRule> advance(Schedule.Rate rate) {
            boolean first = steps++ == 0;
            double kept = momentum == 0 ? 0 : rate.momentum().orElse(momentum);
            List<UpdateRule> rules = new ArrayList<>();
            for (Share share : groups.keySet()) {
                double own = share.rate() * rate.learningRate();
                rules.add(new SgdStep(own, kept, share.weightDecay(), nesterov, first));
            }
            return rules;
        }

        @Override
        public void apply(List<UpdateRule> rules, Gradients gradients) {
            update(
                    rules,
                    groups.values(),
                    parameters,
                    gradients,
                    name ->
                            momentum == 0
                                    ? List.of()
                                    : List.of(named(velocities, name + ".velocity").buffer()));
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
        private final Map<Share, List<String>> groups;
        private final boolean decoupled;
        private long steps;

        private Adam(Map<String, Tensor> parameters, Shares shares, boolean decoupled) {
            this.parameters = parameters;
            groups = groups(parameters, shares);
            this.decoupled = decoupled;
            moments.putAll(zerosLike(parameters, "mean"));
            moments.putAll(zerosLike(parameters, "square"));
        }

        @Override
        public List<UpdateRule> advance(Schedule.Rate rate) {
            steps++;
            List<UpdateRule> rules = new ArrayList<>();
            for (Share share : groups.keySet()) {
                rules.add(
                        new AdamStep(
                                share.rate() * rate.learningRate(),
                                rate.momentum().orElse(BETA1),
                                BETA2,
                                EPSILON,
                                share.weightDecay(),
                                decoupled,
                                (int) steps));
            }
            return rules;
        }

        @Override
        public void apply(List<UpdateRule> rules, Gradients gradients) {
            update(
                    rules,
                    groups.values(),
                    parameters,
                    gradients,
                    name ->
                            List.of(
                                    named(moments, name + ".mean").buffer(),
                                    named(moments, name + ".square").buffer()));
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
