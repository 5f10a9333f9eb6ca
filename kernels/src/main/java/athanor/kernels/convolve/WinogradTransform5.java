package athanor.kernels.convolve;

import static athanor.kernels.convolve.WinogradTransform.LANES;
import static athanor.kernels.convolve.WinogradTransform.SIDE;
import static athanor.kernels.convolve.WinogradTransform.SPECIES;
import static athanor.kernels.convolve.WinogradTransform.load;
import static athanor.kernels.convolve.WinogradTransform.sumParts;

import jdk.incubator.vector.FloatVector;

/// The transforms of Winograd's F(2x2, 5x5), which has the points and the transform of the input
/// of F(4x4, 3x3); see [WinogradTransform], whose parameters these are.
final class WinogradTransform5 {
    private static final int TAPS = 5;
    private static final FloatVector P2 = FloatVector.broadcast(SPECIES, 2);
    private static final FloatVector P4 = FloatVector.broadcast(SPECIES, 4);
    private static final FloatVector QUARTER = FloatVector.broadcast(SPECIES, 0.25f);
    private static final FloatVector M6TH = FloatVector.broadcast(SPECIES, -1 / 6f);
    private static final FloatVector P24TH = FloatVector.broadcast(SPECIES, 1 / 24f);

    private WinogradTransform5() {}

    /// `y = A^T m A`.
    static void output(
            float[] m,
            int mOffset,
            int mStride,
            int channels,
            float[] y,
            int yOffset,
            int lineStride,
            int columnStride,
            float[] work) {
        for (int c = 0; c < channels; c += LANES) {
            for (int j = 0; j < SIDE; j++) {
                int from = mOffset + c + j * mStride;
                FloatVector m1 = load(m, from + SIDE * mStride);
                FloatVector m2 = load(m, from + 2 * SIDE * mStride);
                FloatVector m3 = load(m, from + 3 * SIDE * mStride);
                FloatVector m4 = load(m, from + 4 * SIDE * mStride);
                FloatVector odd = m3.sub(m4).fma(P2, m1.sub(m2));
                int to = j * LANES;
                load(m, from).add(m1.add(m2)).add(m3.add(m4)).intoArray(work, to);
                odd.add(load(m, from + 5 * SIDE * mStride)).intoArray(work, to + SIDE * LANES);
            }
            for (int i = 0; i < 2; i++) {
                int from = i * SIDE * LANES;
                FloatVector m1 = load(work, from + LANES);
                FloatVector m2 = load(work, from + 2 * LANES);
                FloatVector m3 = load(work, from + 3 * LANES);
                FloatVector m4 = load(work, from + 4 * LANES);
                FloatVector odd = m3.sub(m4).fma(P2, m1.sub(m2));
                int to = yOffset + c + i * lineStride;
                load(work, from).add(m1.add(m2)).add(m3.add(m4)).intoArray(y, to);
                odd.add(load(work, from + 5 * LANES)).intoArray(y, to + columnStride);
            }
        }
    }

    /// `m = A dy A^T`.
    static void outputGradient(
            float[] dy,
            int dyOffset,
            int lineStride,
            int columnStride,
            int channels,
            float[] m,
            int mOffset,
            int mStride,
            float[] work) {
        for (int c = 0; c < channels; c += LANES) {
            for (int j = 0; j < 2; j++) {
                int from = dyOffset + c + j * columnStride;
                spread(load(dy, from), load(dy, from + lineStride), work, j * LANES, SIDE * LANES);
            }
            for (int i = 0; i < SIDE; i++) {
                int from = i * SIDE * LANES;
                spread(
                        load(work, from),
                        load(work, from + LANES),
                        m,
                        mOffset + c + i * SIDE * mStride,
                        mStride);
            }
        }
    }

    private static void spread(FloatVector y0, FloatVector y1, float[] target, int to, int stride) {
        FloatVector twice = y1.mul(P2);
        y0.intoArray(target, to);
        y0.add(y1).intoArray(target, to + stride);
        y0.sub(y1).intoArray(target, to + 2 * stride);
        y0.add(twice).intoArray(target, to + 3 * stride);
        y0.sub(twice).intoArray(target, to + 4 * stride);
        y1.intoArray(target, to + 5 * stride);
    }

    /// `u = G g G^T`; the 25 taps of g lie `tapStride` apart, line after line.
    static void filter(
            float[] g,
            int gOffset,
            int tapStride,
            int channels,
            float[] u,
            int uOffset,
            int uStride,
            float[] work) {
        for (int c = 0; c < channels; c += LANES) {
            for (int j = 0; j < TAPS; j++) {
                int from = gOffset + c + j * tapStride;
                evaluate(
                        load(g, from),
                        load(g, from + TAPS * tapStride),
                        load(g, from + 2 * TAPS * tapStride),
                        load(g, from + 3 * TAPS * tapStride),
                        load(g, from + 4 * TAPS * tapStride),
                        work,
                        j * LANES,
                        SIDE * LANES);
            }
            for (int i = 0; i < SIDE; i++) {
                int from = i * SIDE * LANES;
                evaluate(
                        load(work, from),
                        load(work, from + LANES),
                        load(work, from + 2 * LANES),
                        load(work, from + 3 * LANES),
                        load(work, from + 4 * LANES),
                        u,
                        uOffset + c + i * SIDE * uStride,
                        uStride);
            }
        }
    }

    private static void evaluate(
            FloatVector g0,
            FloatVector g1,
            FloatVector g2,
            FloatVector g3,
            FloatVector g4,
            float[] target,
            int to,
            int stride) {
        FloatVector ones = g0.add(g2).add(g4);
        FloatVector oneOdd = g1.add(g3);
        FloatVector twos = g4.fma(P4, g2).fma(P4, g0);
        FloatVector twoOdd = g3.fma(P4, g1).mul(P2);
        g0.mul(QUARTER).intoArray(target, to);
        ones.add(oneOdd).mul(M6TH).intoArray(target, to + stride);
        ones.sub(oneOdd).mul(M6TH).intoArray(target, to + 2 * stride);
        twos.add(twoOdd).mul(P24TH).intoArray(target, to + 3 * stride);
        twos.sub(twoOdd).mul(P24TH).intoArray(target, to + 4 * stride);
        g4.intoArray(target, to + 5 * stride);
    }

    /// `dg = G^T s G`, where s is the sum of `parts` arrays that lie `partStride` apart, added in
    /// their order.
    static void filterGradient(
            float[] s,
            int sOffset,
            int sStride,
            int parts,
            int partStride,
            int channels,
            float[] dg,
            int dgOffset,
            int tapStride,
            float[] work) {
        for (int c = 0; c < channels; c += LANES) {
            sumParts(s, sOffset + c, sStride, parts, partStride, work);
            for (int j = 0; j < SIDE; j++) {
                collect(work, j * LANES, SIDE * LANES, work, j * LANES, SIDE * LANES);
            }
            for (int i = 0; i < TAPS; i++) {
                int to = dgOffset + c + TAPS * i * tapStride;
                collect(work, i * SIDE * LANES, LANES, dg, to, tapStride);
            }
        }
    }

    private static void collect(
            float[] s, int from, int stride, float[] target, int to, int targetStride) {
        FloatVector s1 = load(s, from + stride);
        FloatVector s2 = load(s, from + 2 * stride);
        FloatVector s3 = load(s, from + 3 * stride);
        FloatVector s4 = load(s, from + 4 * stride);
        FloatVector s5 = load(s, from + 5 * stride);
        FloatVector ones = s1.add(s2).mul(M6TH);
        FloatVector oneOdd = s1.sub(s2).mul(M6TH);
        FloatVector twos = s3.add(s4).mul(P24TH);
        FloatVector twoOdd = s3.sub(s4).mul(P24TH).mul(P2);
        load(s, from).fma(QUARTER, twos.add(ones)).intoArray(target, to);
        oneOdd.add(twoOdd).intoArray(target, to + targetStride);
        twos.fma(P4, ones).intoArray(target, to + 2 * targetStride);
        twoOdd.fma(P4, oneOdd).intoArray(target, to + 3 * targetStride);
        twos.mul(P4).fma(P4, ones).add(s5).intoArray(target, to + 4 * targetStride);
    }
}
