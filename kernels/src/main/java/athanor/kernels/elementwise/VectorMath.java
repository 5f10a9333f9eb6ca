package athanor.kernels.elementwise;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Transcendental functions of float, each for a vector of numbers and for one number. Both forms
/// take the same steps (add, multiply, fma, integer operations), so they give the same bits,
/// interpreted or compiled. Errors are at most 4e-7 of the result where it is not subnormal;
/// [#gelu] and the gradients add 4e-7 of their argument. The polynomials are minimax fits made for
/// this class, their coefficients listed from the highest power.
public final class VectorMath {
    /// The widest vector of floats this machine has.
    public static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

    /// Floats in a vector.
    public static final int LANES = SPECIES.length();

    private static final float LOG2_E = 1.442695f;
    /// log(2) in two parts; the first has so few bits that an exponent times it is exact.
    private static final float LN2_HIGH = 0.69314575f;

    private static final float LN2_LOW = 1.4286068e-06f;
    /// 1.5 * 2^23: a small number added to it is rounded to an integer, which its low bits then
    /// show.
    private static final float ROUND = 12582912f;

    private static final int ROUND_BITS = 0x4B400000;
    private static final float EXP_LOWEST = -104;
    private static final float EXP_HIGHEST = 89;
    private static final float EXP_2 = 0.5f;
    private static final float EXP_3 = 0.16666518f;
    private static final float EXP_4 = 0.041666206f;
    private static final float EXP_5 = 0.008368954f;
    private static final float EXP_6 = 0.00139506f;

    private static final int SQRT_HALF_BITS = 0x3F3504F3;
    private static final float SQRT_2_MINUS_1 = 0.41421357f;
    private static final float LOG_3 = 0.33333316f;
    private static final float LOG_4 = -0.25000796f;
    private static final float LOG_5 = 0.20002282f;
    private static final float LOG_6 = -0.16624969f;
    private static final float LOG_7 = 0.14181425f;
    private static final float LOG_8 = -0.1312531f;
    private static final float LOG_9 = 0.12879173f;
    private static final float LOG_10 = -0.078653775f;

    private static final float TANH_SMALL = 0.625f;
    private static final float TANH_3 = -0.33333284f;
    private static final float TANH_5 = 0.13331494f;
    private static final float TANH_7 = -0.05374366f;
    private static final float TANH_9 = 0.020651042f;
    private static final float TANH_11 = -0.0057174955f;

    /// 2 sqrt(2 / pi), and 0.044715 times it.
    private static final float GELU_1 = 1.5957692f;

    private static final float GELU_3 = 0.071354814f;
    /// Beyond it the derivative of GELU is 0 or 1.
    private static final float GELU_FLAT = 10;

    // Each constant in every lane. Made once: as calls in the functions, their share of the 18,000
    // nodes that C2 will inline into a loop is too large.
    private static final FloatVector ALL_LOG2_E = all(LOG2_E);
    private static final FloatVector ALL_ROUND = all(ROUND);
    private static final FloatVector ALL_MINUS_LN2_LOW = all(-LN2_LOW);
    private static final FloatVector ALL_MINUS_LN2_HIGH = all(-LN2_HIGH);
    private static final FloatVector ALL_EXP_6 = all(EXP_6);
    private static final FloatVector ALL_EXP_5 = all(EXP_5);
    private static final FloatVector ALL_EXP_4 = all(EXP_4);
    private static final FloatVector ALL_EXP_3 = all(EXP_3);
    private static final FloatVector ALL_EXP_2 = all(EXP_2);
    private static final FloatVector ALL_TANH_11 = all(TANH_11);
    private static final FloatVector ALL_TANH_9 = all(TANH_9);
    private static final FloatVector ALL_TANH_7 = all(TANH_7);
    private static final FloatVector ALL_TANH_5 = all(TANH_5);
    private static final FloatVector ALL_TANH_3 = all(TANH_3);
    private static final FloatVector ALL_1 = all(1);
    private static final FloatVector ALL_2 = all(2);
    private static final FloatVector ALL_0 = all(0);
    private static final FloatVector ALL_GELU_3 = all(GELU_3);
    private static final FloatVector ALL_GELU_1 = all(GELU_1);
    private static final FloatVector ALL_3_GELU_3 = all(3 * GELU_3);
    private static final FloatVector ALL_LOG_10 = all(LOG_10);
    private static final FloatVector ALL_LOG_9 = all(LOG_9);
    private static final FloatVector ALL_LOG_8 = all(LOG_8);
    private static final FloatVector ALL_LOG_7 = all(LOG_7);
    private static final FloatVector ALL_LOG_6 = all(LOG_6);
    private static final FloatVector ALL_LOG_5 = all(LOG_5);
    private static final FloatVector ALL_LOG_4 = all(LOG_4);
    private static final FloatVector ALL_LOG_3 = all(LOG_3);
    private static final FloatVector ALL_LN2_LOW = all(LN2_LOW);
    private static final FloatVector ALL_LN2_HIGH = all(LN2_HIGH);
    private static final FloatVector ALL_MINUS_HALF = all(-0.5f);

    private VectorMath() {}

    /// The vector that starts at the index.
    public static FloatVector load(float[] x, int index) {
        return FloatVector.fromArray(SPECIES, x, index);
    }

    /// exp(x) = 2^n exp(r) with x = n log(2) + r; 2^n is applied in two halves, so that subnormal
    /// results come out.
    public static FloatVector exp(FloatVector x) {
        FloatVector low = x.blend(EXP_HIGHEST, x.compare(VectorOperators.GT, EXP_HIGHEST));
        FloatVector c = low.blend(EXP_LOWEST, low.compare(VectorOperators.LT, EXP_LOWEST));
        FloatVector shifted = c.fma(ALL_LOG2_E, ALL_ROUND);
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = n.fma(ALL_MINUS_LN2_LOW, n.fma(ALL_MINUS_LN2_HIGH, c));
        FloatVector p = ALL_EXP_6.fma(r, ALL_EXP_5).fma(r, ALL_EXP_4).fma(r, ALL_EXP_3);
        p = p.fma(r, ALL_EXP_2).mul(r).fma(r, r).add(1);
        IntVector k = shifted.reinterpretAsInts().sub(ROUND_BITS);
        IntVector half = k.lanewise(VectorOperators.ASHR, 1);
        return p.mul(powerOf2(half)).mul(powerOf2(k.sub(half)));
    }

    public static float exp(float x) {
        float low = x > EXP_HIGHEST ? EXP_HIGHEST : x;
        float c = low < EXP_LOWEST ? EXP_LOWEST : low;
        float shifted = Math.fma(c, LOG2_E, ROUND);
        float n = shifted - ROUND;
        float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, c));
        float p = Math.fma(Math.fma(Math.fma(EXP_6, r, EXP_5), r, EXP_4), r, EXP_3);
        p = Math.fma(Math.fma(p, r, EXP_2) * r, r, r) + 1;
        int k = Float.floatToRawIntBits(shifted) - ROUND_BITS;
        int half = k >> 1;
        return p * powerOf2(half) * powerOf2(k - half);
    }

    /// log(x) = e log(2) + log(1 + z) with x = 2^e (1 + z) and 1 + z between sqrt(1/2) and sqrt(2).
    public static FloatVector log(FloatVector x) {
        VectorMask<Float> tiny = x.compare(VectorOperators.LT, Float.MIN_NORMAL);
        IntVector bits = x.blend(x.mul(0x1p23f), tiny).reinterpretAsInts();
        IntVector exponent = bits.sub(SQRT_HALF_BITS).lanewise(VectorOperators.ASHR, 23);
        FloatVector z =
                bits.sub(exponent.lanewise(VectorOperators.LSHL, 23)).reinterpretAsFloats().sub(1);
        FloatVector e = (FloatVector) exponent.convert(VectorOperators.I2F, 0);
        FloatVector y = logOf(z, e.blend(e.sub(23), tiny));
        y = y.blend(x, x.compare(VectorOperators.EQ, Float.POSITIVE_INFINITY));
        y = y.blend(Float.NaN, x.compare(VectorOperators.GT, 0).not());
        return y.blend(Float.NEGATIVE_INFINITY, x.compare(VectorOperators.EQ, 0));
    }

    public static float log(float x) {
        if (!(x > 0) || x == Float.POSITIVE_INFINITY) {
            return x == 0 ? Float.NEGATIVE_INFINITY : x > 0 ? x : Float.NaN;
        }
        boolean tiny = x < Float.MIN_NORMAL;
        int bits = Float.floatToRawIntBits(tiny ? x * 0x1p23f : x);
        int exponent = (bits - SQRT_HALF_BITS) >> 23;
        float z = Float.intBitsToFloat(bits - (exponent << 23)) - 1;
        return logOf(z, tiny ? exponent - 23 : exponent);
    }

    /// tanh(x) = x (1 + x^2 P(x^2)) for small x, else 1 - 2 / (exp(2 |x|) + 1) with the sign of x.
    public static FloatVector tanh(FloatVector x) {
        FloatVector magnitude = x.abs();
        FloatVector u = x.mul(x);
        FloatVector p = ALL_TANH_11.fma(u, ALL_TANH_9).fma(u, ALL_TANH_7).fma(u, ALL_TANH_5);
        FloatVector small = p.fma(u, ALL_TANH_3).mul(u).add(1).mul(x);
        FloatVector large = ALL_1.sub(ALL_2.div(exp(magnitude.add(magnitude)).add(1)));
        large = large.blend(large.neg(), x.compare(VectorOperators.LT, 0));
        return large.blend(small, magnitude.compare(VectorOperators.LT, TANH_SMALL));
    }

    public static float tanh(float x) {
        float magnitude = Math.abs(x);
        if (magnitude < TANH_SMALL) {
            float u = x * x;
            float p = Math.fma(Math.fma(Math.fma(TANH_11, u, TANH_9), u, TANH_7), u, TANH_5);
            return (Math.fma(p, u, TANH_3) * u + 1) * x;
        }
        float large = 1 - 2 / (exp(magnitude + magnitude) + 1);
        return x < 0 ? -large : large;
    }

    /// 1 / (1 + exp(-x)), of e = exp(-|x|), which cannot overflow: 1 / (1 + e) or e / (1 + e).
    public static FloatVector sigmoid(FloatVector x) {
        FloatVector e = exp(x.abs().neg());
        return e.blend(1, x.compare(VectorOperators.GE, 0)).div(e.add(1));
    }

    public static float sigmoid(float x) {
        float e = exp(-Math.abs(x));
        return (x >= 0 ? 1 : e) / (e + 1);
    }

    /// max(x, 0) + log(1 + u) with u = exp(-|x|); above sqrt(2) - 1, log(1 + u) = log(2) + log(1 +
    /// (u - 1) / 2).
    public static FloatVector softplus(FloatVector x) {
        FloatVector u = exp(x.abs().neg());
        VectorMask<Float> large = u.compare(VectorOperators.GT, SQRT_2_MINUS_1);
        FloatVector z = u.blend(u.sub(1).mul(0.5f), large);
        FloatVector y = logOf(z, ALL_0.blend(1, large));
        return y.add(ALL_0.blend(x, x.compare(VectorOperators.GT, 0)));
    }

    public static float softplus(float x) {
        float u = exp(-Math.abs(x));
        boolean large = u > SQRT_2_MINUS_1;
        return logOf(large ? (u - 1) * 0.5f : u, large ? 1 : 0) + (x > 0 ? x : 0);
    }

    /// 0.5 (1 + tanh(u)) = sigmoid(2 u), so GELU is x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3)).
    public static FloatVector gelu(FloatVector x) {
        return x.mul(sigmoid(x.mul(x).fma(ALL_GELU_3, ALL_GELU_1).mul(x)));
    }

    public static float gelu(float x) {
        return x * sigmoid(Math.fma(x * x, GELU_3, GELU_1) * x);
    }

    /// s (1 + x (1 - s)), s = sigmoid(x).
    public static FloatVector siluSlope(FloatVector x) {
        FloatVector s = sigmoid(x);
        return ALL_1.sub(s).fma(x, ALL_1).mul(s);
    }

    public static float siluSlope(float x) {
        float s = sigmoid(x);
        return Math.fma(1 - s, x, 1) * s;
    }

    /// s + x s (1 - s) u', s = sigmoid(u) with the u of [#gelu].
    public static FloatVector geluSlope(FloatVector x) {
        FloatVector low = x.blend(GELU_FLAT, x.compare(VectorOperators.GT, GELU_FLAT));
        FloatVector c = low.blend(-GELU_FLAT, low.compare(VectorOperators.LT, -GELU_FLAT));
        FloatVector square = c.mul(c);
        FloatVector s = sigmoid(square.fma(ALL_GELU_3, ALL_GELU_1).mul(c));
        FloatVector slope = square.fma(ALL_3_GELU_3, ALL_GELU_1);
        return ALL_1.sub(s).mul(s).mul(c).fma(slope, s);
    }

    public static float geluSlope(float x) {
        float low = x > GELU_FLAT ? GELU_FLAT : x;
        float c = low < -GELU_FLAT ? -GELU_FLAT : low;
        float square = c * c;
        float s = sigmoid(Math.fma(square, GELU_3, GELU_1) * c);
        float slope = Math.fma(square, 3 * GELU_3, GELU_1);
        return Math.fma((1 - s) * s * c, slope, s);
    }

    /// e log(2) + log(1 + z), log(1 + z) = z - z^2 / 2 + z^3 P(z).
    private static FloatVector logOf(FloatVector z, FloatVector e) {
        FloatVector p = ALL_LOG_10.fma(z, ALL_LOG_9).fma(z, ALL_LOG_8).fma(z, ALL_LOG_7);
        p = p.fma(z, ALL_LOG_6).fma(z, ALL_LOG_5).fma(z, ALL_LOG_4).fma(z, ALL_LOG_3);
        FloatVector square = z.mul(z);
        FloatVector r = e.fma(ALL_LN2_LOW, p.mul(z).mul(square));
        return e.fma(ALL_LN2_HIGH, square.fma(ALL_MINUS_HALF, r).add(z));
    }

    private static float logOf(float z, float e) {
        float p = Math.fma(Math.fma(Math.fma(LOG_10, z, LOG_9), z, LOG_8), z, LOG_7);
        p = Math.fma(Math.fma(Math.fma(Math.fma(p, z, LOG_6), z, LOG_5), z, LOG_4), z, LOG_3);
        float square = z * z;
        float r = Math.fma(e, LN2_LOW, p * z * square);
        return Math.fma(e, LN2_HIGH, Math.fma(square, -0.5f, r) + z);
    }

    private static FloatVector powerOf2(IntVector exponent) {
        return exponent.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
    }

    private static float powerOf2(int exponent) {
        return Float.intBitsToFloat((exponent + 127) << 23);
    }

    private static FloatVector all(float value) {
        return FloatVector.broadcast(SPECIES, value);
    }
}
