package athanor.kernels.optimize;

import static athanor.kernels.elementwise.VectorMath.LANES;
import static athanor.kernels.elementwise.VectorMath.SPECIES;
import static athanor.kernels.elementwise.VectorMath.load;

import athanor.kernels.parallel.Parallel;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/// Stochastic gradient descent in one pass over the parameter, the gradient and the velocity; see
/// [SgdStep].
public final class Sgd {
    private Sgd() {}

    /// Without momentum.
    public static void step(SgdStep step, float[] parameter, float[] gradient, int n) {
        step(step, new float[][] {parameter}, new float[][] {gradient}, new float[0][], n);
    }

    /// With momentum; the velocity changes too.
    public static void step(
            SgdStep step, float[] parameter, float[] gradient, float[] velocity, int n) {
        step(
                step,
                new float[][] {parameter},
                new float[][] {gradient},
                new float[][] {velocity},
                n);
    }

    /// Several parameters in one pass, the first n[i] numbers of each; no velocities without
    /// momentum.
    public static void step(
            SgdStep step,
            float[][] parameters,
            float[][] gradients,
            float[][] velocities,
            int... n) {
        float decay = (float) step.weightDecay();
        float rate = (float) -step.learningRate();
        float momentum = (float) step.momentum();
        // The first velocity is the gradient, whatever stands in the buffer, even NaN.
        boolean first = step.first();
        // What moves the parameter is `own g + past velocity`.
        float own = step.nesterov() ? 1 : 0;
        float past = step.nesterov() ? momentum : 1;
        Parallel.ranges(
                n,
                (i, from, to) -> {
                    if (velocities.length == 0) {
                        plain(decay, rate, parameters[i], gradients[i], from, to);
                        return;
                    }
                    if (first) {
                        Arrays.fill(velocities[i], from, to, 0);
                    }
                    withMomentum(
                            decay,
                            rate,
                            momentum,
                            own,
                            past,
                            parameters[i],
                            gradients[i],
                            velocities[i],
                            from,
                            to);
                });
    }

    private static void plain(
            float decay, float rate, float[] parameter, float[] gradient, int from, int to) {
        FloatVector decays = FloatVector.broadcast(SPECIES, decay);
        FloatVector rates = FloatVector.broadcast(SPECIES, rate);
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            FloatVector p = load(parameter, i);
            p.fma(decays, load(gradient, i)).fma(rates, p).intoArray(parameter, i);
        }
        for (; i < to; i++) {
            float p = parameter[i];
            parameter[i] = Math.fma(Math.fma(p, decay, gradient[i]), rate, p);
        }
    }

    private static void withMomentum(
            float decay,
            float rate,
            float momentum,
            float own,
            float past,
            float[] parameter,
            float[] gradient,
            float[] velocity,
            int from,
            int to) {
        FloatVector decays = FloatVector.broadcast(SPECIES, decay);
        FloatVector rates = FloatVector.broadcast(SPECIES, rate);
        FloatVector momenta = FloatVector.broadcast(SPECIES, momentum);
        FloatVector pasts = FloatVector.broadcast(SPECIES, past);
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            FloatVector p = load(parameter, i);
            FloatVector g = p.fma(decays, load(gradient, i));
            FloatVector v = load(velocity, i).fma(momenta, g);
            v.intoArray(velocity, i);
            v.fma(pasts, g.mul(own)).fma(rates, p).intoArray(parameter, i);
        }
        for (; i < to; i++) {
            float p = parameter[i];
            float g = Math.fma(p, decay, gradient[i]);
            float v = Math.fma(velocity[i], momentum, g);
            velocity[i] = v;
            parameter[i] = Math.fma(Math.fma(v, past, g * own), rate, p);
        }
    }
}
