package athanor.engine.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.HostBuffer;
import athanor.kernels.random.Philox;
import athanor.kernels.random.PhiloxKey;
import org.junit.jupiter.api.Test;

class ReferenceRandomTest {
    private static final PhiloxKey KEY = PhiloxKey.of(42).derive("test");

    private final Backend reference = Backend.reference();
    private final HostBuffer floats = HostBuffer.allocate(DType.FLOAT32, 1001);
    private final HostBuffer doubles = HostBuffer.allocate(DType.FLOAT64, 1001);

    @Test
    void numbersAreThoseOfPhiloxInEitherType() {
        reference.uniform(KEY, floats, 1001);
        reference.uniform(KEY, doubles, 1001);
        for (int i = 0; i < 1001; i++) {
            assertThat(floats.floats()[i])
                    .isEqualTo(Philox.uniform(KEY, i))
                    .isBetween(0f, 0x1.fffffep-1f);
            assertThat(doubles.get(i)).isEqualTo(floats.get(i));
        }
        reference.normal(KEY, floats, 1001);
        reference.normal(KEY, doubles, 1001);
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < 1001; i++) {
            assertThat(floats.floats()[i]).isEqualTo(Philox.normal(KEY, i));
            assertThat(doubles.get(i)).isEqualTo(floats.get(i));
            sum += doubles.get(i);
            squares += doubles.get(i) * doubles.get(i);
        }
        assertThat(sum / 1001).isCloseTo(0, within(0.15));
        assertThat(squares / 1001).isCloseTo(1, within(0.2));
    }

    @Test
    void aShorterRowIsTheStartOfALongerOne() {
        HostBuffer start = HostBuffer.allocate(DType.FLOAT32, 7);
        reference.normal(KEY, floats, 1001);
        reference.normal(KEY, start, 7);
        assertThat(floats.floats()).startsWith(start.floats());
    }

    @Test
    void dropoutKeepsTheExpectedValue() {
        reference.uniform(KEY, doubles, 1001);
        reference.dropoutMask(KEY, 0.3, floats, 1001);
        double sum = 0;
        for (int i = 0; i < 1001; i++) {
            assertThat(floats.floats()[i]).isEqualTo(doubles.get(i) < 0.3 ? 0 : (float) (1 / 0.7));
            sum += floats.get(i);
        }
        assertThat(sum / 1001).isCloseTo(1, within(0.1));
        reference.dropoutMask(KEY, 0, floats, 1001);
        assertThat(floats.floats()).containsOnly(1);
    }
}
