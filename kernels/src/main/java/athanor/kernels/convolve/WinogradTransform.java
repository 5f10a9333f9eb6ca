package athanor.kernels.convolve;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The transforms of Winograd's F(4x4, 3x3) with the points 0, 1, -1, 2, -2 and infinity (Lavin and
/// Gray 2016). With tiles d 6x6 of the input, g 3x3 of the filter and y 4x4 of the output:
///
/// `y = A^T [(G g G^T) * (B^T d B)] A`
///
/// and the gradient of the filter, `dg = G^T [(A dy A^T) * (B^T d B)] G`. Each takes the columns of
/// a tile first, then its lines, for as many channels at a time as a vector has lanes; channels are
/// a multiple of that. Elements (i, j) of a transformed tile lie `stride` apart, at number `6 i +
/// j`. The working array holds 36 vectors.
final class WinogradTransform {
    static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    static final int LANES = SPECIES.length();
    static final int SIDE = 6;
    static final int ELEMENTS = SIDE * SIDE;
    static final int WORK = ELEMENTS * LANES;

    private WinogradTransform() {}

    static FloatVector load(float[] x, int index) {
        return FloatVector.fromArray(SPECIES, x, index);
    }

    /// `v = B^T d B`.
    static void input(
            float[] d,
            int dOffset,
            int lineStride,
            int columnStride,
            int channels,
            float[] v,
            int vOffset,
            int vStride,
            float[] work) {
        for (int c = 0; c < channels; c += LANES) {
            for (int j = 0; j < SIDE; j++) {
                int from = dOffset + c + j * columnStride;
                FloatVector d0 = load(d, from);
                FloatVector d1 = load(d, from + lineStride);
                FloatVector d2 = load(d, from + 2 * lineStride);
                FloatVector d3 = load(d, from + 3 * lineStride);
                FloatVector d4 = load(d, from + 4 * lineStride);
                FloatVector d5 = load(d, from + 5 * lineStride);
                FloatVector even = d2.fma(M4, d4);
                FloatVector odd = d1.fma(M4, d3);
                FloatVector difference = d4.sub(d2);
                FloatVector twice = d3.sub(d1).mul(P2);
                int to = j * LANES;
                d0.fma(P4, d2.fma(M5, d4)).intoArray(work, to);
                even.add(odd).intoArray(work, to + SIDE * LANES);
                even.sub(odd).intoArray(work, to + 2 * SIDE * LANES);
                difference.add(twice).intoArray(work, to + 3 * SIDE * LANES);
                difference.sub(twice).intoArray(work, to + 4 * SIDE * LANES);
                d1.fma(P4, d3.fma(M5, d5)).intoArray(work, to + 5 * SIDE * LANES);
            }
            for (int i = 0; i < SIDE; i++) {
                int from = i * SIDE * LANES;
                FloatVector d0 = load(work, from);
                FloatVector d1 = load(work, from + LANES);
                FloatVector d2 = load(work, from + 2 * LANES);
                FloatVector d3 = load(work, from + 3 * LANES);
                FloatVector d4 = load(work, from + 4 * LANES);
                FloatVector d5 = load(work, from + 5 * LANES);
                FloatVector even = d2.fma(M4, d4);
                FloatVector odd = d1.fma(M4, d3);
                FloatVector difference = d4.sub(d2);
                FloatVector twice = d3.sub(d1).mul(P2);
                int to = vOffset + c + i * SIDE * vStride;
                d0.fma(P4, d2.fma(M5, d4)).intoArray(v, to);
                even.add(odd).intoArray(v, to + vStride);
                even.sub(odd).intoArray(v, to + 2 * vStride);
                difference.add(twice).intoArray(v, to + 3 * vStride);
                difference.sub(twice).intoArray(v, to + 4 * vStride);
                d1.fma(P4, d3.fma(M5, d5)).intoArray(v, to + 5 * vStride);
            }
        }
    }

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
                FloatVector ones = m1.add(m2);
                FloatVector twos = m3.add(m4);
                FloatVector oneOdd = m1.sub(m2);
                FloatVector twoOdd = m3.sub(m4);
                int to = j * LANES;
                load(m, from).add(ones).add(twos).intoArray(work, to);
                twoOdd.fma(P2, oneOdd).intoArray(work, to + SIDE * LANES);
                twos.fma(P4, ones).intoArray(work, to + 2 * SIDE * LANES);
                twoOdd.fma(P8, oneOdd)
                        .add(load(m, from + 5 * SIDE * mStride))
                        .intoArray(work, to + 3 * SIDE * LANES);
            }
            for (int i = 0; i < 4; i++) {
                int from = i * SIDE * LANES;
                FloatVector m1 = load(work, from + LANES);
                FloatVector m2 = load(work, from + 2 * LANES);
                FloatVector m3 = load(work, from + 3 * LANES);
                FloatVector m4 = load(work, from + 4 * LANES);
                FloatVector ones = m1.add(m2);
                FloatVector twos = m3.add(m4);
                FloatVector oneOdd = m1.sub(m2);
                FloatVector twoOdd = m3.sub(m4);
                int to = yOffset + c + i * lineStride;
                load(work, from).add(ones).add(twos).intoArray(y, to);
                twoOdd.fma(P2, oneOdd).intoArray(y, to + columnStride);
                twos.fma(P4, ones).intoArray(y, to + 2 * columnStride);
                twoOdd.fma(P8, oneOdd)
                        .add(load(work, from + 5 * LANES))
                        .intoArray(y, to + 3 * columnStride);
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
            for (int j = 0; j < 4; j++) {
                int from = dyOffset + c + j * columnStride;
                FloatVector y0 = load(dy, from);
                FloatVector y1 = load(dy, from + lineStride);
                FloatVector y2 = load(dy, from + 2 * lineStride);
                FloatVector y3 = load(dy, from + 3 * lineStride);
                FloatVector ones = y0.add(y2);
                FloatVector oneOdd = y1.add(y3);
                FloatVector twos = y2.fma(P4, y0);
                FloatVector twoOdd = y3.fma(P4, y1).mul(P2);
                int to = j * LANES;
                y0.intoArray(work, to);
                ones.add(oneOdd).intoArray(work, to + SIDE * LANES);
                ones.sub(oneOdd).intoArray(work, to + 2 * SIDE * LANES);
                twos.add(twoOdd).intoArray(work, to + 3 * SIDE * LANES);
                twos.sub(twoOdd).intoArray(work, to + 4 * SIDE * LANES);
                y3.intoArray(work, to + 5 * SIDE * LANES);
            }
            for (int i = 0; i < SIDE; i++) {
                int from = i * SIDE * LANES;
                FloatVector y0 = load(work, from);
                FloatVector y1 = load(work, from + LANES);
                FloatVector y2 = load(work, from + 2 * LANES);
                FloatVector y3 = load(work, from + 3 * LANES);
                FloatVector ones = y0.add(y2);
                FloatVector oneOdd = y1.add(y3);
                FloatVector twos = y2.fma(P4, y0);
                FloatVector twoOdd = y3.fma(P4, y1).mul(P2);
                int to = mOffset + c + i * SIDE * mStride;
                y0.intoArray(m, to);
                ones.add(oneOdd).intoArray(m, to + mStride);
                ones.sub(oneOdd).intoArray(m, to + 2 * mStride);
                twos.add(twoOdd).intoArray(m, to + 3 * mStride);
                twos.sub(twoOdd).intoArray(m, to + 4 * mStride);
                y3.intoArray(m, to + 5 * mStride);
            }
        }
    }

    /// `u = G g G^T`; the nine taps of g lie `tapStride` apart, line after line.
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
            for (int j = 0; j < 3; j++) {
                int from = gOffset + c + j * tapStride;
                FloatVector g0 = load(g, from);
                FloatVector g1 = load(g, from + 3 * tapStride);
                FloatVector g2 = load(g, from + 6 * tapStride);
                FloatVector ones = g0.add(g2);
                FloatVector twos = g2.fma(P4, g0);
                FloatVector twice = g1.mul(P2);
                int to = j * LANES;
                g0.mul(QUARTER).intoArray(work, to);
                ones.add(g1).mul(M6TH).intoArray(work, to + SIDE * LANES);
                ones.sub(g1).mul(M6TH).intoArray(work, to + 2 * SIDE * LANES);
                twos.add(twice).mul(P24TH).intoArray(work, to + 3 * SIDE * LANES);
                twos.sub(twice).mul(P24TH).intoArray(work, to + 4 * SIDE * LANES);
                g2.intoArray(work, to + 5 * SIDE * LANES);
            }
            for (int i = 0; i < SIDE; i++) {
                int from = i * SIDE * LANES;
                FloatVector g0 = load(work, from);
                FloatVector g1 = load(work, from + LANES);
                FloatVector g2 = load(work, from + 2 * LANES);
                FloatVector ones = g0.add(g2);
                FloatVector twos = g2.fma(P4, g0);
                FloatVector twice = g1.mul(P2);
                int to = uOffset + c + i * SIDE * uStride;
                g0.mul(QUARTER).intoArray(u, to);
                ones.add(g1).mul(M6TH).intoArray(u, to + uStride);
                ones.sub(g1).mul(M6TH).intoArray(u, to + 2 * uStride);
                twos.add(twice).mul(P24TH).intoArray(u, to + 3 * uStride);
                twos.sub(twice).mul(P24TH).intoArray(u, to + 4 * uStride);
                g2.intoArray(u, to + 5 * uStride);
            }
        }
    }

    /// Adds a vector of each element over the parts, in their order.
    static void sumParts(
            float[] s, int sOffset, int sStride, int parts, int partStride, float[] work) {
        for (int e = 0; e < ELEMENTS; e++) {
            FloatVector sum = load(s, sOffset + e * sStride);
            for (int part = 1; part < parts; part++) {
                sum = sum.add(load(s, sOffset + e * sStride + part * partStride));
            }
            sum.intoArray(work, e * LANES);
        }
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
                int at = j * LANES;
                FloatVector s1 = load(work, at + SIDE * LANES);
                FloatVector s2 = load(work, at + 2 * SIDE * LANES);
                FloatVector s3 = load(work, at + 3 * SIDE * LANES);
                FloatVector s4 = load(work, at + 4 * SIDE * LANES);
                FloatVector s5 = load(work, at + 5 * SIDE * LANES);
                FloatVector ones = s1.add(s2).mul(M6TH);
                FloatVector twos = s3.add(s4);
                load(work, at).fma(QUARTER, twos.fma(P24TH, ones)).intoArray(work, at);
                s1.sub(s2).mul(M6TH).add(s3.sub(s4).mul(P12TH)).intoArray(work, at + SIDE * LANES);
                twos.fma(P6TH, ones).add(s5).intoArray(work, at + 2 * SIDE * LANES);
            }
            for (int i = 0; i < 3; i++) {
                int from = i * SIDE * LANES;
                FloatVector s1 = load(work, from + LANES);
                FloatVector s2 = load(work, from + 2 * LANES);
                FloatVector s3 = load(work, from + 3 * LANES);
                FloatVector s4 = load(work, from + 4 * LANES);
                FloatVector s5 = load(work, from + 5 * LANES);
                FloatVector ones = s1.add(s2).mul(M6TH);
                FloatVector twos = s3.add(s4);
                int to = dgOffset + c + 3 * i * tapStride;
                load(work, from).fma(QUARTER, twos.fma(P24TH, ones)).intoArray(dg, to);
                s1.sub(s2).mul(M6TH).add(s3.sub(s4).mul(P12TH)).intoArray(dg, to + tapStride);
                twos.fma(P6TH, ones).add(s5).intoArray(dg, to + 2 * tapStride);
            }
        }
    }

    private static final FloatVector P2 = FloatVector.broadcast(SPECIES, 2);
    private static final FloatVector P4 = FloatVector.broadcast(SPECIES, 4);
    private static final FloatVector P8 = FloatVector.broadcast(SPECIES, 8);
    private static final FloatVector M4 = FloatVector.broadcast(SPECIES, -4);
    private static final FloatVector M5 = FloatVector.broadcast(SPECIES, -5);
    private static final FloatVector QUARTER = FloatVector.broadcast(SPECIES, 0.25f);
    private static final FloatVector M6TH = FloatVector.broadcast(SPECIES, -1 / 6f);
    private static final FloatVector P6TH = FloatVector.broadcast(SPECIES, 1 / 6f);
    private static final FloatVector P12TH = FloatVector.broadcast(SPECIES, 1 / 12f);
    private static final FloatVector P24TH = FloatVector.broadcast(SPECIES, 1 / 24f);
}
