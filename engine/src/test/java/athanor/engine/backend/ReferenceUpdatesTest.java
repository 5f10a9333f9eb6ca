package athanor.engine.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import athanor.engine.Backend;
import athanor.engine.Buffer;
import athanor.engine.HostBuffer;
import athanor.kernels.optimize.AdamStep;
import athanor.kernels.optimize.SgdStep;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Optimizer steps against those of PyTorch 2.13 in float64, from parameters (1, -2).
class ReferenceUpdatesTest {
    private static final double[][] GRADIENTS = {{0.5, -1}, {1.5, 0.25}, {-2, 3}};

    private final Backend reference = Backend.reference();
    private final HostBuffer parameter = HostBuffer.of(1.0, -2);

    @Test
    void sgdWithoutMomentum() {
        sgd(0, 0, false, Optional.empty());
        close(parameter, 1, -2.225);
    }

    @Test
    void sgdWithWeightDecay() {
        sgd(0, 0.2, false, Optional.empty());
        close(parameter, 0.946172, -2.110844);
    }

    @Test
    void sgdWithMomentumSetsTheVelocityInItsFirstStep() {
        HostBuffer velocity = HostBuffer.of(Double.NaN, Double.NaN);
        sgd(0.9, 0.2, false, Optional.of(velocity));
        close(parameter, 0.675992, -1.862984);
        close(velocity, 0.22408, 1.41184);
    }

    @Test
    void sgdWithNesterovMomentum() {
        HostBuffer velocity = HostBuffer.of(Double.NaN, Double.NaN);
        sgd(0.9, 0.2, true, Optional.of(velocity));
        close(parameter, 0.667069148, -2.001423296);
        close(velocity, 0.1715308, 1.4584384);
    }

    @Test
    void adamAddsWeightDecayToTheGradient() {
        HostBuffer mean = HostBuffer.of(0.0, 0);
        HostBuffer square = HostBuffer.of(0.0, 0);
        adam(false, 1, mean, square);
        close(parameter, 0.9001426533523538, -1.9000713775874376);
        adam(false, 2, mean, square);
        close(parameter, 0.8043795097388861, -1.8293964615001082);
        close(mean, 0.4480057061340941, -0.25000285510349746);
        close(square, 0.1643997931933392, 0.09394518559191693);
    }

    @Test
    void adamWShrinksTheParameter() {
        HostBuffer mean = HostBuffer.of(0.0, 0);
        HostBuffer square = HostBuffer.of(0.0, 0);
        adam(true, 1, mean, square);
        close(parameter, 0.8801996007984032, -1.8600999000999001);
        adam(true, 2, mean, square);
        close(parameter, 0.7692202021842931, -1.7805523608836196);
        close(mean, 0.38, -0.11);
        close(square, 0.124375, 0.050625);
    }

    @Test
    void updatesOnlyTheLengthAsked() {
        HostBuffer gradient = HostBuffer.of(1.0, 1);
        reference.sgd(
                new SgdStep(0.5, 0, 0, false, true), parameter, gradient, Optional.empty(), 1);
        close(parameter, 0.5, -2);
    }

    private void sgd(
            double momentum, double weightDecay, boolean nesterov, Optional<Buffer> velocity) {
        for (int i = 0; i < GRADIENTS.length; i++) {
            var step = new SgdStep(0.1, momentum, weightDecay, nesterov, i == 0);
            reference.sgd(step, parameter, HostBuffer.of(GRADIENTS[i]), velocity, 2);
        }
    }

    private void adam(boolean decoupled, int step, HostBuffer mean, HostBuffer square) {
        var settings = new AdamStep(0.1, 0.8, 0.95, 1e-3, 0.2, decoupled, step);
        reference.adam(settings, parameter, HostBuffer.of(GRADIENTS[step - 1]), mean, square, 2);
    }

    private static void close(HostBuffer y, double... expected) {
        assertThat(y.doubles()).containsExactly(expected, within(1e-14));
    }
}
