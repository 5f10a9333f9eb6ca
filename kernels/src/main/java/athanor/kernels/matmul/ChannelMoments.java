package athanor.kernels.matmul;

import athanor.kernels.parallel.Scratch;
import java.util.Arrays;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// The mean and the variance of each channel of a result. Each piece sums the differences to its
/// own first row, so that a mean far larger than the deviation costs no accuracy: in float over the
/// few rows that come at once, in double over the piece. The pieces are then joined in order, as in
/// Chan, Golub and LeVeque 1979.
public final class ChannelMoments implements Epilogue {
    private static final VectorSpecies<Float> SPECIES = TileStamp.SPECIES;
    private static final int LANES = SPECIES.length();
    private static final VectorSpecies<Double> DOUBLES =
            VectorSpecies.of(double.class, SPECIES.vectorShape());

    /// Counts, sums and sums of squares.
    private static final int SUMS = 3;

    private final int channels;
    private int pieces;
    private float[] pivots = {};
    private double[] sums = {};

    public ChannelMoments(int channels) {
        this.channels = channels;
    }

    @Override
    public void begin(int howMany) {
        pieces = howMany;
        pivots = Scratch.floats(Scratch.Use.PARTIAL_SUMS, (long) pieces * channels);
        sums = Scratch.doubles(Scratch.Use.PARTIAL_SUMS, (long) pieces * SUMS * channels);
        Arrays.fill(sums, 0, pieces * SUMS * channels, 0);
    }

    @Override
    public void apply(int piece, float[] y, int shift, int[] rows, int from, int to, int count) {
        int first = shift + rows[from];
        int channel = first % channels;
        int pivot = piece * channels + channel;
        int number = piece * SUMS * channels + channel;
        if (sums[number] == 0) {
            System.arraycopy(y, first, pivots, pivot, count);
        }
        for (int j = 0; j < count; j++) {
            sums[number + j] += to - from;
        }
        int sum = number + channels;
        int square = sum + channels;
        int j = 0;
        for (; j <= count - LANES; j += LANES) {
            FloatVector p = FloatVector.fromArray(SPECIES, pivots, pivot + j);
            FloatVector s = FloatVector.zero(SPECIES);
            FloatVector q = FloatVector.zero(SPECIES);
            for (int i = from; i < to; i++) {
                FloatVector d = FloatVector.fromArray(SPECIES, y, shift + rows[i] + j).sub(p);
                s = s.add(d);
                q = d.fma(d, q);
            }
            add(s, sums, sum + j);
            add(q, sums, square + j);
        }
        for (; j < count; j++) {
            for (int i = from; i < to; i++) {
                float d = y[shift + rows[i] + j] - pivots[pivot + j];
                sums[sum + j] += d;
                sums[square + j] += (double) d * d;
            }
        }
    }

    private static void add(FloatVector values, double[] sums, int at) {
        int next = at + DOUBLES.length();
        DoubleVector.fromArray(DOUBLES, sums, at)
                .add(values.convertShape(VectorOperators.F2D, DOUBLES, 0))
                .intoArray(sums, at);
        DoubleVector.fromArray(DOUBLES, sums, next)
                .add(values.convertShape(VectorOperators.F2D, DOUBLES, 1))
                .intoArray(sums, next);
    }

    /// Writes the mean and the biased variance of each channel.
    public void finish(float[] mean, float[] variance) {
        for (int c = 0; c < channels; c++) {
            double n = 0;
            double average = 0;
            double squares = 0;
            for (int piece = 0; piece < pieces; piece++) {
                int number = piece * SUMS * channels + c;
                double count = sums[number];
                if (count == 0) {
                    continue;
                }
                double sum = sums[number + channels];
                double apart = pivots[piece * channels + c] + sum / count - average;
                double share = count / (n + count);
                squares += sums[number + 2 * channels] - sum * sum / count;
                squares += apart * apart * n * share;
                average += apart * share;
                n += count;
            }
            mean[c] = (float) (n == 0 ? Double.NaN : average);
            variance[c] = (float) Math.max(squares / n, 0);
        }
    }
}
