package athanor.train;

import java.util.OptionalDouble;

/// The course of the learning rate, and where it is cycled, of the momentum, over the steps of a
/// training (from 0).
@FunctionalInterface
public interface Schedule {
    /// What a step uses; an empty momentum is the optimizer's own.
    record Rate(double learningRate, OptionalDouble momentum) {
        Rate times(double factor) {
            return factor == 1 ? this : new Rate(factor * learningRate, momentum);
        }
    }

    Rate at(long step);

    static Schedule constant(double learningRate) {
        return _ -> new Rate(learningRate, OptionalDouble.empty());
    }

    /// Half a cosine from the learning rate to 0. Loshchilov and Hutter 2017.
    static Schedule cosine(double learningRate, long steps) {
        return step ->
                new Rate(
                        learningRate
                                * 0.5
                                * (1
                                        + StrictMath.cos(
                                                Math.PI
                                                        * Math.min(step, steps)
                                                        / Math.max(steps, 1))),
                        OptionalDouble.empty());
    }

    /// Multiplied by gamma after each of the epochs named.
    static Schedule step(
            double learningRate, double gamma, long stepsPerEpoch, double... milestones) {
        return step -> {
            double rate = learningRate;
            for (double milestone : milestones) {
                rate *= step >= milestone * stepsPerEpoch ? gamma : 1;
            }
            return new Rate(rate, OptionalDouble.empty());
        };
    }

    /// A linear rise over the first steps, then this schedule, counted from there.
    default Schedule withWarmup(long steps) {
        if (steps == 0) {
            return this;
        }
        return step ->
                step >= steps
                        ? at(step - steps)
                        : new Rate(
                                at(0).learningRate() * (step + 1) / steps, OptionalDouble.empty());
    }

    /// One cycle over all steps, as PyTorch's OneCycleLR with cosine or linear annealing: the rate
    /// rises from `maximum / divFactor` to the maximum over `pctStart` of the steps, then falls to
    /// `maximum / divFactor / finalDivFactor`, while the momentum moves the other way between its
    /// two bounds. Smith and Topin 2018.
    record OneCycle(
            double maximum,
            long steps,
            double pctStart,
            double divFactor,
            double finalDivFactor,
            OptionalDouble lowMomentum,
            OptionalDouble highMomentum,
            boolean linear)
            implements Schedule {

        @Override
        public Rate at(long step) {
            double start = maximum / divFactor;
            double end = start / finalDivFactor;
            double top = pctStart * steps - 1;
            if (step <= top) {
                double part = top == 0 ? 1 : step / top;
                return new Rate(anneal(start, maximum, part), momentum(true, part));
            }
            double part = Math.min(1, (step - top) / (steps - 1 - top));
            return new Rate(anneal(maximum, end, part), momentum(false, part));
        }

        private OptionalDouble momentum(boolean rising, double part) {
            if (lowMomentum.isEmpty() || highMomentum.isEmpty()) {
                return OptionalDouble.empty();
            }
            double low = lowMomentum.getAsDouble();
            double high = highMomentum.getAsDouble();
            return OptionalDouble.of(rising ? anneal(high, low, part) : anneal(low, high, part));
        }

        private double anneal(double from, double to, double part) {
            if (linear) {
                return from + (to - from) * part;
            }
            return to + (from - to) / 2 * (1 + StrictMath.cos(Math.PI * part));
        }
    }

    /// What the settings ask for.
    static Schedule of(Settings settings, long stepsPerEpoch) {
        int epochs = settings.whole(Setting.EPOCHS);
        double learningRate = settings.real(Setting.LEARNING_RATE);
        long steps = epochs * stepsPerEpoch;
        long warmup = settings.whole(Setting.WARMUP_EPOCHS) * stepsPerEpoch;
        return switch (settings.word(Setting.SCHEDULE)) {
            case "onecycle" -> oneCycle(settings, steps);
            case "cosine" -> cosine(learningRate, Math.max(0, steps - warmup)).withWarmup(warmup);
            case "step" ->
                    step(
                                    learningRate,
                                    settings.real(Setting.GAMMA),
                                    stepsPerEpoch,
                                    settings.reals(Setting.MILESTONES, 0, Double.MAX_VALUE))
                            .withWarmup(warmup);
            default -> constant(learningRate).withWarmup(warmup);
        };
    }

    private static Schedule oneCycle(Settings settings, long steps) {
        boolean cycles = !settings.text(Setting.CYCLE_MOMENTUM).equals("off");
        double[] bounds = cycles ? settings.reals(Setting.CYCLE_MOMENTUM, 0, 1) : new double[2];
        if (bounds.length != 2) {
            throw new InvalidSetting(
                    Setting.CYCLE_MOMENTUM,
                    settings.text(Setting.CYCLE_MOMENTUM),
                    "two numbers, as in 0.85,0.95, or off");
        }
        return new OneCycle(
                settings.real(Setting.MAX_LR),
                steps,
                settings.real(Setting.PCT_START),
                settings.real(Setting.DIV_FACTOR),
                settings.real(Setting.FINAL_DIV_FACTOR),
                cycles ? OptionalDouble.of(bounds[0]) : OptionalDouble.empty(),
                cycles ? OptionalDouble.of(bounds[1]) : OptionalDouble.empty(),
                settings.word(Setting.ANNEAL).equals("linear"));
    }
}
