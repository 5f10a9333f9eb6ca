package athanor.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import athanor.engine.Shape;
import athanor.kernels.random.PhiloxKey;
import org.junit.jupiter.api.Test;

class InitializerTest {
    private static final PhiloxKey KEY = PhiloxKey.of(11);
    private static final Shape FILTERS = Shape.of(64, 3, 3, 16);

    @Test
    void fansCountTheWindow() {
        assertThat(Initializer.fan(FILTERS, Initializer.Fan.IN)).isEqualTo(3 * 3 * 16);
        assertThat(Initializer.fan(FILTERS, Initializer.Fan.OUT)).isEqualTo(3 * 3 * 64);
        assertThat(Initializer.fan(Shape.of(10, 512), Initializer.Fan.IN)).isEqualTo(512);
        assertThat(Initializer.fan(Shape.of(10, 512), Initializer.Fan.OUT)).isEqualTo(10);
        assertThatThrownBy(() -> Initializer.kaimingUniform(0).values(Shape.of(4), KEY))
                .hasMessageContaining("[4] has no fans");
    }

    @Test
    void deviationsAreThoseOfTheFormulas() {
        int in = 3 * 3 * 16;
        int out = 3 * 3 * 64;
        assertNormal(Initializer.normal(0, 0.5), 0.5);
        assertNormal(Initializer.kaimingNormal(Initializer.Fan.IN), Math.sqrt(2.0 / in));
        assertNormal(Initializer.kaimingNormal(Initializer.Fan.OUT), Math.sqrt(2.0 / out));
        assertNormal(Initializer.xavierNormal(), Math.sqrt(2.0 / (in + out)));
        assertUniform(Initializer.kaimingUniform(Math.sqrt(5)), 1 / Math.sqrt(in));
        assertUniform(Initializer.xavierUniform(), Math.sqrt(6.0 / (in + out)));
        assertUniform(Initializer.uniform(-0.25, 0.25), 0.25);
    }

    @Test
    void constantsAreConstant() {
        assertThat(Initializer.ones().values(Shape.of(3), KEY)).containsExactly(1, 1, 1);
        assertThat(Initializer.zeros().values(Shape.of(2), KEY)).containsExactly(0, 0);
        assertThat(Initializer.normal(3, 0).values(Shape.of(2), KEY)).containsExactly(3, 3);
    }

    @Test
    void orthogonalRowsOrColumnsAreOrthogonalAndOfLengthGain() {
        for (Shape shape : new Shape[] {Shape.of(8, 3, 3, 4), Shape.of(20, 6), Shape.of(5, 5)}) {
            float[] values = Initializer.orthogonal(2).values(shape, KEY);
            int rows = shape.dim(0);
            int columns = shape.size() / rows;
            int count = Math.min(rows, columns);
            for (int a = 0; a < count; a++) {
                for (int b = 0; b < count; b++) {
                    double product = 0;
                    for (int i = 0; i < Math.max(rows, columns); i++) {
                        product +=
                                rows <= columns
                                        ? values[a * columns + i] * values[b * columns + i]
                                        : values[i * columns + a] * values[i * columns + b];
                    }
                    assertThat(product).isCloseTo(a == b ? 4 : 0, within(1e-5));
                }
            }
            assertThat(Initializer.orthogonal(2).values(shape, KEY)).isEqualTo(values);
            assertThat(Initializer.orthogonal(2).values(shape, PhiloxKey.of(12)))
                    .isNotEqualTo(values);
        }
    }

    private static void assertNormal(Initializer initializer, double deviation) {
        assertThat(deviation(initializer.values(FILTERS, KEY)))
                .isCloseTo(deviation, within(0.03 * deviation));
    }

    private static void assertUniform(Initializer initializer, double bound) {
        float[] values = initializer.values(FILTERS, KEY);
        for (float value : values) {
            assertThat((double) value).isBetween(-bound - 1e-6, bound + 1e-6);
        }
        assertThat(deviation(values)).isCloseTo(bound / Math.sqrt(3), within(0.03 * bound));
    }

    private static double deviation(float[] values) {
        double sum = 0;
        double squares = 0;
        for (float value : values) {
            sum += value;
            squares += (double) value * value;
        }
        double mean = sum / values.length;
        return Math.sqrt(squares / values.length - mean * mean);
    }
}
