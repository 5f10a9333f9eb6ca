package athanor.train.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ScalingModelTest {
    private static final ScalingModel MODEL = new ScalingModel(3, 25, 10, 0.001, 100);

    @Test
    void anExchangeIsLatencyAndBytes() {
        // 2 * 3 messages, and 2 * 3 / 4 of 80 bytes at 100 a second.
        assertThat(MODEL.exchange(80, 4)).isEqualTo(0.006 + 1.2, within(1e-12));
        assertThat(MODEL.exchange(80, 1)).isZero();
    }

    @Test
    void whatFitsBehindTheBackwardPassCostsNothing() {
        double all = MODEL.exchange(10, 2) * 2 + MODEL.exchange(5, 2);
        assertThat(MODEL.exchanges(2)).isEqualTo(all, within(1e-12));
        assertThat(MODEL.stepBehind(2)).isEqualTo(3 + all, within(1e-12));
        assertThat(MODEL.stepBeside(2)).isEqualTo(3 + MODEL.exchange(5, 2), within(1e-12));
        ScalingModel slow = new ScalingModel(3, 25, 10, 0.001, 1);
        assertThat(slow.stepBeside(2)).isEqualTo(3 + slow.exchanges(2) - 2, within(1e-12));
    }

    @Test
    void theFitFindsTheNetworkThatWasMeasured() {
        double[] bytes = {1e3, 1e5, 1e7};
        double[] seconds = new double[3];
        ScalingModel network = new ScalingModel(1, 1, 1, 3e-5, 2e9);
        for (int i = 0; i < 3; i++) {
            seconds[i] = network.exchange(bytes[i], 4);
        }
        double[] fit = ScalingModel.fit(4, bytes, seconds);
        assertThat(fit[0]).isEqualTo(3e-5, within(1e-12));
        assertThat(fit[1]).isEqualTo(2e9, within(1.0));
    }
}
