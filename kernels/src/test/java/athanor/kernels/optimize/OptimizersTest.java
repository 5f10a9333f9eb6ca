package athanor.kernels.optimize;

import static athanor.kernels.Samples.assertClose;
import static athanor.kernels.Samples.floats;
import static athanor.kernels.Samples.onAnyThreads;
import static athanor.kernels.Samples.sizes;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class OptimizersTest {
    @Test
    void sgd_without_momentum_moves_against_the_gradient() {
        SgdStep step = new SgdStep(0.1, 0, 0.01, false, true);
        for (int n : sizes()) {
            float[] start = floats(1, n);
            float[] gradient = floats(2, n);
            float[] p =
                    onAnyThreads(
                            () -> {
                                float[] parameter = start.clone();
                                Sgd.step(step, parameter, gradient, n);
                                return parameter;
                            });
            assertClose(
                    "parameter", p, n, 2e-7, i -> start[i] - 0.1 * (gradient[i] + 0.01 * start[i]));
        }
    }

    @Test
    void sgd_with_momentum_follows_the_formula_for_three_steps() {
        for (boolean nesterov : new boolean[] {false, true}) {
            for (int n : sizes()) {
                float[] start = floats(1, n);
                float[] gradient = floats(2, n);
                float[] p =
                        onAnyThreads(
                                () -> {
                                    float[] parameter = start.clone();
                                    float[] velocity = new float[n];
                                    Arrays.fill(velocity, Float.NaN);
                                    for (int step = 0; step < 3; step++) {
                                        SgdStep now =
                                                new SgdStep(0.1, 0.9, 0.01, nesterov, step == 0);
                                        Sgd.step(now, parameter, gradient, velocity, n);
                                    }
                                    return parameter;
                                });
                assertClose(
                        "parameter",
                        p,
                        n,
                        1e-6,
                        i -> {
                            double parameter = start[i];
                            double velocity = 0;
                            for (int step = 0; step < 3; step++) {
                                double g = gradient[i] + 0.01 * parameter;
                                velocity = 0.9 * velocity + g;
                                parameter -= 0.1 * (nesterov ? g + 0.9 * velocity : velocity);
                            }
                            return parameter;
                        });
            }
        }
    }

    @Test
    void adam_and_adamw_follow_the_formula_for_three_steps() {
        for (boolean decoupled : new boolean[] {false, true}) {
            for (int n : sizes()) {
                float[] start = floats(1, n);
                float[] gradient = floats(2, n);
                float[] p =
                        onAnyThreads(
                                () -> {
                                    float[] parameter = start.clone();
                                    float[] mean = new float[n];
                                    float[] square = new float[n];
                                    for (int step = 1; step <= 3; step++) {
                                        AdamStep now =
                                                new AdamStep(
                                                        0.01, 0.9, 0.999, 1e-8, 0.1, decoupled,
                                                        step);
                                        Adam.step(now, parameter, gradient, mean, square, n);
                                    }
                                    return parameter;
                                });
                assertClose("parameter", p, n, 1e-6, i -> adam(start[i], gradient[i], decoupled));
            }
        }
    }

    private static double adam(double start, double gradient, boolean decoupled) {
        double parameter = start;
        double mean = 0;
        double square = 0;
        for (int step = 1; step <= 3; step++) {
            double g = decoupled ? gradient : gradient + 0.1 * parameter;
            parameter *= decoupled ? 1 - 0.01 * 0.1 : 1;
            mean = 0.9 * mean + 0.1 * g;
            square = 0.999 * square + 0.001 * g * g;
            double deviation = Math.sqrt(square / (1 - Math.pow(0.999, step))) + 1e-8;
            parameter -= 0.01 * mean / (1 - Math.pow(0.9, step)) / deviation;
        }
        return parameter;
    }
}
