package athanor.kernels.elementwise;

import static athanor.kernels.Samples.floats;
import static athanor.kernels.Samples.onAnyThreads;
import static athanor.kernels.Samples.sizes;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Every number of 16 bits there is, and every place between two of them where rounding changes.
class HalfPrecisionTest {
    private static final int ALL = 1 << 16;

    /// A format by its definition: sign, exponent, fraction.
    enum Format {
        FLOAT16(5, 10),
        BFLOAT16(8, 7);

        private final int exponentBits;
        private final int fractionBits;

        Format(int exponentBits, int fractionBits) {
            this.exponentBits = exponentBits;
            this.fractionBits = fractionBits;
        }

        /// The number, in double arithmetic.
        double value(int bits) {
            int highest = (1 << exponentBits) - 1;
            int bias = highest >> 1;
            int exponent = bits >> fractionBits & highest;
            double fraction = (bits & ((1 << fractionBits) - 1)) * Math.scalb(1.0, -fractionBits);
            double magnitude =
                    exponent == highest
                            ? fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN
                            : exponent == 0
                                    ? Math.scalb(fraction, 1 - bias)
                                    : Math.scalb(1 + fraction, exponent - bias);
            return (bits & 0x8000) == 0 ? magnitude : -magnitude;
        }

        int infinity() {
            return ((1 << exponentBits) - 1) << fractionBits;
        }

        short[] to(float... x) {
            short[] y = new short[x.length];
            if (this == FLOAT16) {
                HalfPrecision.toFloat16(x, y, x.length);
            } else {
                HalfPrecision.toBfloat16(x, y, x.length);
            }
            return y;
        }

        float[] from(short... x) {
            float[] y = new float[x.length];
            if (this == FLOAT16) {
                HalfPrecision.fromFloat16(x, y, x.length);
            } else {
                HalfPrecision.fromBfloat16(x, y, x.length);
            }
            return y;
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyNumberIsReadAsItIsDefinedAndComesBack(Format format) {
        short[] bits = new short[ALL];
        for (int i = 0; i < ALL; i++) {
            bits[i] = (short) i;
        }
        float[] numbers = format.from(bits);
        short[] back = format.to(numbers);
        for (int i = 0; i < ALL; i++) {
            double exact = format.value(i);
            if (Double.isNaN(exact)) {
                assertThat(numbers[i]).as("%#x", i).isNaN();
                assertThat(format.value(back[i] & 0xffff)).as("%#x", i).isNaN();
            } else {
                assertThat((double) numbers[i]).as("%#x", i).isEqualTo(exact);
                assertThat(back[i]).as("%#x", i).isEqualTo((short) i);
            }
        }
    }

    /// Halfway between neighbours, one float below that and one above, with either sign: to the
    /// even one, down, up. The neighbour of the largest number is infinity, where the next number
    /// would be.
    @ParameterizedTest
    @EnumSource
    void everyPlaceBetweenTwoNumbersIsRoundedToTheNearerAndInTheMiddleToTheEven(Format format) {
        int count = format.infinity();
        float[] x = new float[6 * count];
        short[] wanted = new short[x.length];
        for (int i = 0; i < count; i++) {
            double low = format.value(i);
            double high =
                    i + 1 == format.infinity()
                            ? 2 * low - format.value(i - 1)
                            : format.value(i + 1);
            float middle = (float) ((low + high) / 2);
            assertThat((double) middle).isEqualTo((low + high) / 2);
            float[] places = {Math.nextDown(middle), middle, Math.nextUp(middle)};
            int[] nearest = {i, i + (i & 1), i + 1};
            for (int j = 0; j < 3; j++) {
                x[6 * i + j] = places[j];
                wanted[6 * i + j] = (short) nearest[j];
                x[6 * i + 3 + j] = -places[j];
                wanted[6 * i + 3 + j] = (short) (nearest[j] | 0x8000);
            }
        }
        assertThat(format.to(x)).isEqualTo(wanted);
    }

    @ParameterizedTest
    @EnumSource
    void whatIsTooLargeIsInfiniteAndTooSmallZero(Format format) {
        float[] x = {
            Float.POSITIVE_INFINITY,
            Float.MAX_VALUE,
            Float.NEGATIVE_INFINITY,
            -Float.MAX_VALUE,
            Float.MIN_VALUE,
            -Float.MIN_VALUE,
            0,
            -0f
        };
        int infinity = format.infinity();
        int[] wanted = {
            infinity, infinity, infinity | 0x8000, infinity | 0x8000, 0, 0x8000, 0, 0x8000
        };
        short[] y = format.to(x);
        for (int i = 0; i < x.length; i++) {
            assertThat(y[i]).as("%s", x[i]).isEqualTo((short) wanted[i]);
        }
        for (int nan : new int[] {0x7FC00000, 0x7F800001, 0xFFFFFFFF, 0x7FFFFFFF, 0xFF800001}) {
            float[] nans = new float[40];
            java.util.Arrays.fill(nans, Float.intBitsToFloat(nan));
            for (short bits : format.to(nans)) {
                assertThat(format.value(bits & 0xffff)).as("%#x", nan).isNaN();
            }
        }
    }

    /// Vectors and what is left over of them, on several threads; what lies behind is left alone.
    @ParameterizedTest
    @EnumSource
    void anyLengthGivesTheSameNumbers(Format format) {
        for (int n : sizes()) {
            float[] x = floats(n, n);
            float[] rounded = onAnyThreads(() -> format.from(format.to(x)));
            for (int i = 0; i < n; i++) {
                assertThat(rounded[i]).isEqualTo(format.from(format.to(x[i]))[0]);
            }
        }
    }
}
