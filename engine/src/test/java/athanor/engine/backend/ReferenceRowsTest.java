package athanor.engine.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.Gate;
import athanor.engine.HostBuffer;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Normalization and softmax against numbers from PyTorch 2.13 in float64.
class ReferenceRowsTest {
    private final Backend reference = Backend.reference();

    // batch norm of 3 rows and 2 channels, epsilon 1e-5
    private final HostBuffer x = HostBuffer.of(1, -2, 2, 0.5, 4, 3);
    private final HostBuffer residual = HostBuffer.of(0.5, -1, -0.25, 0.75, 0.125, 1);
    private final HostBuffer dy = HostBuffer.of(1, 2, -3, 0.5, 2, -1);
    private final HostBuffer mean = HostBuffer.of(7 / 3.0, 0.5);
    private final HostBuffer inverseDeviation =
            HostBuffer.of(1 / Math.sqrt(14 / 9.0 + 1e-5), 1 / Math.sqrt(25 / 6.0 + 1e-5));
    private final HostBuffer scale =
            HostBuffer.of(1.5 * inverseDeviation.get(0), -0.5 * inverseDeviation.get(1));
    private final HostBuffer dScale = doubles(2);
    private final HostBuffer dShift = doubles(2);
    private final HostBuffer dx = doubles(6);

    @Test
    void momentsOfEachChannel() {
        HostBuffer average = doubles(2);
        HostBuffer variance = doubles(2);
        reference.channelMoments(x, 3, 2, average, variance);
        close(average, 7 / 3.0, 0.5);
        close(variance, 14 / 9.0, 25 / 6.0);
    }

    @Test
    void varianceDoesNotCancelFarFromZero() {
        HostBuffer average = doubles(1);
        HostBuffer variance = doubles(1);
        reference.channelMoments(HostBuffer.of(1e9 + 1, 1e9 + 2, 1e9 + 3), 3, 1, average, variance);
        close(average, 1e9 + 2);
        close(variance, 2 / 3.0);
    }

    @Test
    void batchNormForward() {
        HostBuffer y = doubles(6);
        HostBuffer shift =
                HostBuffer.of(0.25 - mean.get(0) * scale.get(0), 0.5 - mean.get(1) * scale.get(1));
        reference.normalizeAddRelu(x, 3, 2, scale, shift, Optional.of(residual), true, y);
        close(y, 0, 0.11237170085019432, 0, 1.25, 2.379452871469308, 0.8876282991498057);
        reference.normalizeAddRelu(x, 3, 2, scale, shift, Optional.empty(), false, y);
        assertThat(y.get(0)).isCloseTo(0.25 - 4 / 3.0 * scale.get(0), within(1e-14)).isNegative();
        assertThat(y.get(1)).isCloseTo(1.1123717008501943, within(1e-14));
    }

    @Test
    void batchNormGradientThroughReluAndResidual() {
        Gate gate =
                new Gate.Result(
                        HostBuffer.of(
                                0,
                                0.11237170085019432,
                                0,
                                1.25,
                                2.379452871469308,
                                0.8876282991498057));
        HostBuffer dResidual = doubles(6);
        reference.batchNormSums(dy, gate, x, 3, 2, mean, inverseDeviation, dScale, dShift);
        close(dScale, 2.6726038286257436, -3.6742302051011664);
        close(dShift, 2, 1.5);
        reference.batchNormGradient(
                dy,
                gate,
                x,
                3,
                2,
                mean,
                inverseDeviation,
                scale,
                dScale,
                dShift,
                dx,
                Optional.of(dResidual));
        close(
                dx,
                0.3436131290029545,
                -8.818131328985203e-07,
                -0.5154325791900537,
                0,
                0.1718194501870998,
                8.818131328985203e-07);
        close(dResidual, 0, 2, 0, 0.5, 2, -1);
    }

    @Test
    void batchNormGradientAlone() {
        Gate open = new Gate.Open();
        reference.batchNormSums(dy, open, x, 3, 2, mean, inverseDeviation, dScale, dShift);
        close(dScale, 2.4053434457631697, -3.6742302051011664);
        close(dShift, 0, 1.5);
        reference.batchNormGradient(
                dy,
                open,
                x,
                3,
                2,
                mean,
                inverseDeviation,
                scale,
                dScale,
                dShift,
                dx,
                Optional.empty());
        close(
                dx,
                2.2335265727131945,
                -8.818131328985203e-07,
                -3.350301456186852,
                0,
                1.1167748834736575,
                8.818131328985203e-07);
    }

    @Test
    void layerNormAndItsGradient() {
        HostBuffer rows = HostBuffer.of(1, -2, 0.5, 2, 4, 3.5);
        HostBuffer gamma = HostBuffer.of(1.5, -0.5, 2);
        HostBuffer y = doubles(6);
        HostBuffer means = doubles(2);
        HostBuffer inverses = doubles(2);
        reference.layerNorm(
                rows, 2, 3, 1e-3, gamma, HostBuffer.of(0.25, 0.5, -1), y, means, inverses);
        close(
                y,
                1.5831143564676693,
                1.1982979962449696,
                0.015706176356319546,
                -1.8077952842456348,
                0.010048741846277298,
                -0.21607798695404346);
        close(means, -1 / 6.0, 19 / 6.0);
        close(inverses, 0.7617796322672395, 1.1758830195689343);
        reference.layerNormGradient(
                HostBuffer.of(1, 2, -1, -3, 0.5, 2), rows, 2, 3, gamma, means, inverses, dx);
        close(
                dx,
                1.1367506628126072,
                0.22695227228646458,
                -1.3637029350990717,
                -0.966639432625362,
                -2.879188143244722,
                3.8458275758700813);
    }

    @Test
    void localResponseNormOverAnOddAndAnEvenWindow() {
        responseNorm(
                3,
                new double[] {
                    0.5029733718731741, -0.7987682757159081, 1.218365288873559, 0.21146431456593842,
                    -0.816496580927726, 0.257297873641038, 0.9984675589032733, -0.3470660295386255,
                    1.4696783408087737, 0.3748423974801389
                },
                new double[] {
                    0.5432745233004226, 0.608238277624699, -0.04489615278143505, 0.3180784641516279,
                    1.395596484525918, -1.534742969383303, 0.33658413024170786, 0.7564080547059439,
                    0.35851591895688417, -0.7773057868536997
                });
        responseNorm(
                4,
                new double[] {
                    0.5226997465680817, -0.8665729254746706, 1.2938982414718225,
                            0.21083713383837419,
                    -0.681604011169817, 0.2660906161245724, 1.0392520794885587, -0.3831237751969318,
                    1.5147478438778, 0.40384656636724403
                },
                new double[] {
                    0.6093019472027325, 0.7008686594012008, 0.13262674545482128, 0.272861071603665,
                    1.2482874361715397, -1.577395705128719, 0.2430301192586435, 0.7862451481274367,
                    0.3963808386032729, -0.827256543164449
                });
    }

    private void responseNorm(int size, double[] expected, double[] expectedGradient) {
        HostBuffer rows = HostBuffer.of(1, -2, 3, 0.5, -1.5, 0.5, 2, -1, 4, 1);
        HostBuffer gradient = HostBuffer.of(1, 2, -1, 0.5, 3, -3, 0.5, 2, 1, -2);
        HostBuffer y = doubles(10);
        HostBuffer d = doubles(10);
        reference.localResponseNorm(rows, 2, 5, size, 0.3, 0.75, 2, y, d);
        close(y, expected);
        assertThat(d.get(4)).isCloseTo(2 + 0.3 / size * (size == 3 ? 2.5 : 11.5), within(1e-15));
        HostBuffer dRows = doubles(10);
        reference.localResponseNormGradient(gradient, rows, d, 2, 5, size, 0.3, 0.75, dRows);
        close(dRows, expectedGradient);
    }

    @Test
    void softmaxAndItsGradient() {
        HostBuffer logits = HostBuffer.of(1, 2, 4, -1, 0, 0.5);
        HostBuffer gradient = HostBuffer.of(1, -2, 0.5, 3, 0, 1);
        HostBuffer y = doubles(6);
        reference.softmax(logits, 2, 3, y);
        close(
                y,
                0.04201006613406605,
                0.11419519938459449,
                0.8437947344813395,
                0.12195165230972885,
                0.3314989604240915,
                0.5465493872661796);
        reference.softmaxGradient(gradient, y, 2, 3, dx);
        close(
                dx,
                0.0321159799345879,
                -0.25528531349443784,
                0.22316933355984994,
                0.2545857395799871,
                -0.30246109158718887,
                0.04787535200720178);
        reference.logSoftmax(logits, 2, 3, y);
        close(
                y,
                -3.1698460195562856,
                -2.1698460195562856,
                -0.16984601955628567,
                -2.1041306053367284,
                -1.1041306053367284,
                -0.6041306053367282);
        reference.logSoftmaxGradient(gradient, y, 2, 3, dx);
        close(
                dx,
                1.021005033067033,
                -1.9429024003077027,
                0.9218973672406697,
                2.5121933907610847,
                -1.325995841696366,
                -1.1861975490647185);
    }

    @Test
    void softmaxOfLargeNumbersDoesNotOverflow() {
        HostBuffer y = doubles(3);
        reference.softmax(HostBuffer.of(1000, 1000, Double.NEGATIVE_INFINITY), 1, 3, y);
        assertThat(y.doubles()).containsExactly(0.5, 0.5, 0);
        reference.logSoftmax(HostBuffer.of(-1000, -1000, -3000.0), 1, 3, y);
        close(y, -Math.log(2), -Math.log(2), -2000 - Math.log(2));
    }

    private static HostBuffer doubles(int length) {
        return HostBuffer.allocate(DType.FLOAT64, length);
    }

    private static void close(HostBuffer y, double... expected) {
        assertThat(y.doubles()).containsExactly(expected, within(1e-14));
    }
}
