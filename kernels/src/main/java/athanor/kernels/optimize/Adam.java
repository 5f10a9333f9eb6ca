package athanor.kernels.optimize;

import static athanor.kernels.elementwise.VectorMath.LANES;
import static athanor.kernels.elementwise.VectorMath.SPECIES;
import static athanor.kernels.elementwise.VectorMath.load;

import athanor.kernels.parallel.Parallel;
import jdk.incubator.vector.FloatVector;

/// Adam and AdamW in one pass over the parameter, the gradient and the two moments; see [AdamStep].
public final class Adam {
    private Adam() {}

    public static void step(
            AdamStep step,
            float[] parameter,
            float[] gradient,
            float[] mean,
            float[] square,
            int n) {
        step(
                step,
                new float[][] {parameter},
                new float[][] {gradient},
                new float[][] {mean},
                new float[][] {square},
                n);
    }

    /// Several parameters in one pass, the first n[i] numbers of each.
    public static void step(
            AdamStep step,
            float[][] parameters,
            float[][] gradients,
            float[][] means,
            float[][] squares,
            int... n) {
        Coefficients coefficients = Coefficients.of(step);
        Parallel.ranges(
                n,
                (i, from, to) ->
                        step(
                                coefficients,
                                parameters[i],
                                gradients[i],
                                means[i],
                                squares[i],
                                from,
                                to));
    }

    /// What a step multiplies by, computed in double once: `keep` scales the parameter, `decay`
    /// times it joins the gradient, and the parameter moves by `rate m / (sqrt(v) correction +
    /// epsilon)`.
    public record Coefficients(
            float keep,
            float decay,
            float meanShare,
            float squareKept,
            float squareShare,
            float correction,
            float epsilon,
            float rate) {

        public static Coefficients of(AdamStep step) {
            double decay = step.weightDecay();
            return new Coefficients(
                    step.decoupled() ? (float) (1 - step.learningRate() * decay) : 1,
                    step.decoupled() ? 0 : (float) decay,
                    (float) (1 - step.beta1()),
                    (float) step.beta2(),
                    (float) (1 - step.beta2()),
                    (float) (1 / Math.sqrt(1 - StrictMath.pow(step.beta2(), step.step()))),
                    (float) step.epsilon(),
                    (float)
                            (-step.learningRate()
                                    / (1 - StrictMath.pow(step.beta1(), step.step()))));
        }
    }

    private static void step(
            Coefficients c,
            float[] parameter,
            float[] gradient,
            float[] mean,
            float[] square,
            int from,
            int to) {
        FloatVector decays = FloatVector.broadcast(SPECIES, c.decay);
        FloatVector meanShares = FloatVector.broadcast(SPECIES, c.meanShare);
        FloatVector squaresKept = FloatVector.broadcast(SPECIES, c.squareKept);
        FloatVector corrections = FloatVector.broadcast(SPECIES, c.correction);
        FloatVector epsilons = FloatVector.broadcast(SPECIES, c.epsilon);
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            FloatVector p = load(parameter, i);
            FloatVector g = p.fma(decays, load(gradient, i));
            FloatVector m = load(mean, i);
            m = g.sub(m).fma(meanShares, m);
            FloatVector v = load(square, i).fma(squaresKept, g.mul(g).mul(c.squareShare));
            m.intoArray(mean, i);
            v.intoArray(square, i);
            FloatVector move = m.mul(c.rate).div(v.sqrt().fma(corrections, epsilons));
            p.mul(c.keep).add(move).intoArray(parameter, i);
        }
        for (; i < to; i++) {
            float g = Math.fma(parameter[i], c.decay, gradient[i]);
            float m = Math.fma(g - mean[i], c.meanShare, mean[i]);
            float v = Math.fma(square[i], c.squareKept, g * g * c.squareShare);
            mean[i] = m;
            square[i] = v;
            float move = m * c.rate / Math.fma((float) Math.sqrt(v), c.correction, c.epsilon);
            parameter[i] = parameter[i] * c.keep + move;
        }
    }
}
