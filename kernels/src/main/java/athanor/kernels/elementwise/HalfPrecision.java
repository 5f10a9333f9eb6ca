package athanor.kernels.elementwise;

import static athanor.kernels.elementwise.VectorMath.LANES;
import static athanor.kernels.elementwise.VectorMath.SPECIES;
import static athanor.kernels.elementwise.VectorMath.load;

import athanor.kernels.parallel.Parallel;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// Floats as numbers of 16 bits, for mixed precision. float16 (IEEE 754) has 5 bits of exponent
/// and 10 of fraction: 6e-8 to 65504. bfloat16 is the upper half of a float, 8 bits and 7: a
/// float's range. To both it is rounded to the nearest, of two as near to the even one; what is
/// too large becomes infinite. NaN stays NaN.
///
/// The loops for float16 are those that C2 makes vectors of by itself.
public final class HalfPrecision {
    private static final int NAN = 0x7FC0;
    private static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);
    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(SPECIES.vectorBitSize() / 2));

    private HalfPrecision() {}

    /// The bits of the nearest bfloat16.
    public static short toBfloat16(float x) {
        int bits = Float.floatToRawIntBits(x);
        int rounded = (bits + 0x7FFF + (bits >>> 16 & 1)) >>> 16;
        return (short) (Float.isNaN(x) ? NAN : rounded);
    }

    /// The number whose bfloat16 has these bits.
    public static float fromBfloat16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /// `y[i]` = the bfloat16 of `x[i]` for i < n.
    public static void toBfloat16(float[] x, short[] y, int n) {
        Parallel.range(
                n,
                Parallel.pieceOf(n),
                (from, to) -> {
                    int i = from;
                    for (; i <= to - LANES; i += LANES) {
                        IntVector bits = load(x, i).reinterpretAsInts();
                        VectorMask<Integer> nan =
                                load(x, i).test(VectorOperators.IS_NAN).cast(INTS);
                        ((ShortVector)
                                        bits.lanewise(VectorOperators.LSHR, 16)
                                                .and(1)
                                                .add(bits)
                                                .add(0x7FFF)
                                                .lanewise(VectorOperators.LSHR, 16)
                                                .blend(NAN, nan)
                                                .convertShape(VectorOperators.I2S, SHORTS, 0))
                                .intoArray(y, i);
                    }
                    for (; i < to; i++) {
                        y[i] = toBfloat16(x[i]);
                    }
                });
    }

    /// `y[i]` = the number of the bfloat16 `x[i]` for i < n.
    public static void fromBfloat16(short[] x, float[] y, int n) {
        Parallel.range(
                n,
                Parallel.pieceOf(n),
                (from, to) -> {
                    int i = from;
                    for (; i <= to - LANES; i += LANES) {
                        ShortVector.fromArray(SHORTS, x, i)
                                .convertShape(VectorOperators.S2I, INTS, 0)
                                .reinterpretAsInts()
                                .lanewise(VectorOperators.LSHL, 16)
                                .reinterpretAsFloats()
                                .intoArray(y, i);
                    }
                    for (; i < to; i++) {
                        y[i] = fromBfloat16(x[i]);
                    }
                });
    }

    /// `y[i]` = the float16 of `x[i]` for i < n.
    public static void toFloat16(float[] x, short[] y, int n) {
        Parallel.range(
                n,
                Parallel.pieceOf(n),
                (from, to) -> {
                    for (int i = from; i < to; i++) {
                        y[i] = Float.floatToFloat16(x[i]);
                    }
                });
    }

    /// `y[i]` = the number of the float16 `x[i]` for i < n.
    public static void fromFloat16(short[] x, float[] y, int n) {
        Parallel.range(
                n,
                Parallel.pieceOf(n),
                (from, to) -> {
                    for (int i = from; i < to; i++) {
                        y[i] = Float.float16ToFloat(x[i]);
                    }
                });
    }
}
