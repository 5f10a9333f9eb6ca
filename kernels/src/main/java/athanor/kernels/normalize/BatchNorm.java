package athanor.kernels.normalize;

import static athanor.kernels.elementwise.VectorMath.LANES;
import static athanor.kernels.elementwise.VectorMath.SPECIES;
import static athanor.kernels.elementwise.VectorMath.load;
import static athanor.kernels.reduce.Rows.DOUBLES;
import static athanor.kernels.reduce.Rows.widen;

import athanor.kernels.parallel.Parallel;
import java.util.Arrays;
import java.util.Optional;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// The passes of batch normalization (Ioffe and Szegedy 2015) over x `[rows, channels]`, each
/// reading its inputs once. Sums over rows are made in double, of at most 32 blocks of rows that
/// are then added in order.
public final class BatchNorm {
    private static final int BLOCKS = 32;
    private static final int LEAST_BLOCK = 16_384;
    /// Rows that are read while the sums of a few channels stay in registers.
    private static final int GROUP = 16;

    private static final int WIDTH = DOUBLES.length();
    private static final ThreadLocal<double[]> PARTS = ThreadLocal.withInitial(() -> new double[0]);

    private BatchNorm() {}

    /// The mean and the biased variance of each channel. What is summed is the difference to the
    /// channel's first number, so that a mean far larger than the deviation costs no accuracy.
    public static void channelMoments(
            float[] x, int rows, int channels, float[] mean, float[] variance) {
        double[] sums =
                sumBlocks(
                        rows,
                        channels,
                        (parts, at, first, count) -> {
                            for (int row = first; row < first + count; row += GROUP) {
                                addMoments(
                                        x,
                                        row * channels,
                                        Math.min(GROUP, first + count - row),
                                        channels,
                                        parts,
                                        at);
                            }
                        });
        for (int c = 0; c < channels; c++) {
            double shifted = sums[c] / rows;
            mean[c] = (float) (rows == 0 ? shifted : x[c] + shifted);
            variance[c] = (float) Math.max(sums[channels + c] / rows - shifted * shifted, 0);
        }
    }

    /// `y = scale x + shift (+ residual)`, and with `relu`, `max(y, 0)`.
    public static void normalizeAddRelu(
            float[] x,
            int rows,
            int channels,
            float[] scale,
            float[] shift,
            Optional<float[]> residual,
            boolean relu,
            float[] y) {
        float floor = relu ? 0 : Float.NEGATIVE_INFINITY;
        if (residual.isPresent()) {
            float[] added = residual.get();
            forRows(
                    rows,
                    channels,
                    at -> normalizeAdd(x, at, channels, scale, shift, added, floor, y));
        } else {
            forRows(rows, channels, at -> normalize(x, at, channels, scale, shift, floor, y));
        }
    }

    /// With g = dy where `output` > 0 (everywhere if there is none): `dShift = sum of g` and
    /// `dScale = inverseDeviation times sum of g (x - mean)`.
    public static void sums(
            float[] dy,
            Optional<float[]> output,
            float[] x,
            int rows,
            int channels,
            float[] mean,
            float[] inverseDeviation,
            float[] dScale,
            float[] dShift) {
        boolean all = output.isEmpty();
        float[] out = output.orElse(dy);
        double[] sums =
                sumBlocks(
                        rows,
                        channels,
                        (parts, at, first, count) -> {
                            for (int row = first; row < first + count; row += GROUP) {
                                int group = Math.min(GROUP, first + count - row);
                                addGradients(
                                        dy,
                                        out,
                                        all,
                                        x,
                                        row * channels,
                                        group,
                                        channels,
                                        mean,
                                        parts,
                                        at);
                            }
                        });
        for (int c = 0; c < channels; c++) {
            dShift[c] = (float) sums[c];
            dScale[c] = (float) (sums[channels + c] * inverseDeviation[c]);
        }
    }

    /// `dx = scale (g - (dShift + (x - mean) inverseDeviation dScale) / rows)`; `dResidual`, if
    /// asked for, becomes g.
    public static void gradient(
            float[] dy,
            Optional<float[]> output,
            float[] x,
            int rows,
            int channels,
            float[] mean,
            float[] inverseDeviation,
            float[] scale,
            float[] dScale,
            float[] dShift,
            float[] dx,
            Optional<float[]> dResidual) {
        boolean all = output.isEmpty();
        boolean keep = dResidual.isPresent();
        float[] out = output.orElse(dy);
        float[] kept = dResidual.orElse(dx);
        // Per channel, dx = scale g + slope (x - mean) + offset.
        float[] slope = new float[channels];
        float[] offset = new float[channels];
        for (int c = 0; c < channels; c++) {
            double share = -(double) scale[c] / rows;
            slope[c] = (float) (share * inverseDeviation[c] * dScale[c]);
            offset[c] = (float) (share * dShift[c]);
        }
        forRows(
                rows,
                channels,
                at ->
                        gradientRow(
                                dy, out, all, x, at, channels, mean, scale, slope, offset, dx, kept,
                                keep));
    }

    @FunctionalInterface
    private interface Block {
        /// Adds what rows `first` to `first + count - 1` contribute to `parts[at]` and on: two sums
        /// for each channel.
        void addTo(double[] parts, int at, int first, int count);
    }

    @FunctionalInterface
    private interface Row {
        void run(int at);
    }

    private static void forRows(int rows, int channels, Row row) {
        int piece = Math.max(1, Parallel.pieceOf(rows * channels) / Math.max(1, channels));
        Parallel.range(
                rows,
                piece,
                (from, to) -> {
                    for (int i = from; i < to; i++) {
                        row.run(i * channels);
                    }
                });
    }

    /// The two sums for each channel over all rows, at the front of an array that the next call
    /// overwrites.
    private static double[] sumBlocks(int rows, int channels, Block block) {
        int least = Math.max(rows / BLOCKS, LEAST_BLOCK / Math.max(1, channels));
        int rowsAtOnce = (least / GROUP + 1) * GROUP;
        int blocks = (rows + rowsAtOnce - 1) / rowsAtOnce;
        int width = 2 * channels;
        double[] parts = parts(Math.max(1, blocks) * width);
        Parallel.range(
                blocks,
                1,
                (from, to) -> {
                    for (int i = from; i < to; i++) {
                        int first = i * rowsAtOnce;
                        block.addTo(parts, i * width, first, Math.min(rowsAtOnce, rows - first));
                    }
                });
        int j = 0;
        for (; j <= width - WIDTH; j += WIDTH) {
            DoubleVector sum = DoubleVector.fromArray(DOUBLES, parts, j);
            for (int i = 1; i < blocks; i++) {
                sum = sum.add(DoubleVector.fromArray(DOUBLES, parts, i * width + j));
            }
            sum.intoArray(parts, j);
        }
        for (; j < width; j++) {
            for (int i = 1; i < blocks; i++) {
                parts[j] += parts[i * width + j];
            }
        }
        return parts;
    }

    private static double[] parts(int size) {
        double[] parts = PARTS.get();
        if (parts.length < size) {
            parts = new double[size];
            PARTS.set(parts);
        } else {
            Arrays.fill(parts, 0, size, 0);
        }
        return parts;
    }

    private static void addMoments(
            float[] x, int at, int rows, int channels, double[] parts, int sums) {
        int squares = sums + channels;
        int c = 0;
        for (; c <= channels - WIDTH; c += WIDTH) {
            DoubleVector sum = DoubleVector.fromArray(DOUBLES, parts, sums + c);
            DoubleVector square = DoubleVector.fromArray(DOUBLES, parts, squares + c);
            DoubleVector pivot = widen(x, c);
            for (int i = 0; i < rows; i++) {
                DoubleVector d = widen(x, at + i * channels + c).sub(pivot);
                sum = sum.add(d);
                square = d.fma(d, square);
            }
            sum.intoArray(parts, sums + c);
            square.intoArray(parts, squares + c);
        }
        for (; c < channels; c++) {
            for (int i = 0; i < rows; i++) {
                double d = (double) x[at + i * channels + c] - x[c];
                parts[sums + c] += d;
                parts[squares + c] = Math.fma(d, d, parts[squares + c]);
            }
        }
    }

    private static void addGradients(
            float[] dy,
            float[] output,
            boolean all,
            float[] x,
            int at,
            int rows,
            int channels,
            float[] mean,
            double[] parts,
            int sums) {
        VectorMask<Double> always = DOUBLES.maskAll(all);
        DoubleVector zero = DoubleVector.zero(DOUBLES);
        int products = sums + channels;
        int c = 0;
        for (; c <= channels - WIDTH; c += WIDTH) {
            DoubleVector sum = DoubleVector.fromArray(DOUBLES, parts, sums + c);
            DoubleVector product = DoubleVector.fromArray(DOUBLES, parts, products + c);
            DoubleVector center = widen(mean, c);
            for (int i = 0; i < rows; i++) {
                int place = at + i * channels + c;
                VectorMask<Double> flows =
                        widen(output, place).compare(VectorOperators.GT, 0).or(always);
                DoubleVector g = zero.blend(widen(dy, place), flows);
                sum = sum.add(g);
                product = widen(x, place).sub(center).fma(g, product);
            }
            sum.intoArray(parts, sums + c);
            product.intoArray(parts, products + c);
        }
        for (; c < channels; c++) {
            for (int i = 0; i < rows; i++) {
                int place = at + i * channels + c;
                double g = all || output[place] > 0 ? dy[place] : 0;
                parts[sums + c] += g;
                parts[products + c] = Math.fma((double) x[place] - mean[c], g, parts[products + c]);
            }
        }
    }

    private static void normalize(
            float[] x, int at, int channels, float[] scale, float[] shift, float floor, float[] y) {
        int c = 0;
        for (; c <= channels - LANES; c += LANES) {
            load(x, at + c).fma(load(scale, c), load(shift, c)).max(floor).intoArray(y, at + c);
        }
        for (; c < channels; c++) {
            y[at + c] = Math.max(Math.fma(x[at + c], scale[c], shift[c]), floor);
        }
    }

    private static void normalizeAdd(
            float[] x,
            int at,
            int channels,
            float[] scale,
            float[] shift,
            float[] residual,
            float floor,
            float[] y) {
        int c = 0;
        for (; c <= channels - LANES; c += LANES) {
            FloatVector normalized = load(x, at + c).fma(load(scale, c), load(shift, c));
            normalized.add(load(residual, at + c)).max(floor).intoArray(y, at + c);
        }
        for (; c < channels; c++) {
            y[at + c] = Math.max(Math.fma(x[at + c], scale[c], shift[c]) + residual[at + c], floor);
        }
    }

    private static void gradientRow(
            float[] dy,
            float[] output,
            boolean all,
            float[] x,
            int at,
            int channels,
            float[] mean,
            float[] scale,
            float[] slope,
            float[] offset,
            float[] dx,
            float[] kept,
            boolean keep) {
        VectorMask<Float> always = SPECIES.maskAll(all);
        FloatVector zero = FloatVector.zero(SPECIES);
        int c = 0;
        for (; c <= channels - LANES; c += LANES) {
            FloatVector g =
                    zero.blend(
                            load(dy, at + c),
                            load(output, at + c).compare(VectorOperators.GT, 0).or(always));
            FloatVector d = load(x, at + c).sub(load(mean, c));
            FloatVector rest = d.fma(load(slope, c), load(offset, c));
            if (keep) {
                g.intoArray(kept, at + c);
            }
            g.fma(load(scale, c), rest).intoArray(dx, at + c);
        }
        for (; c < channels; c++) {
            float g = all || output[at + c] > 0 ? dy[at + c] : 0;
            float rest = Math.fma(x[at + c] - mean[c], slope[c], offset[c]);
            if (keep) {
                kept[at + c] = g;
            }
            dx[at + c] = Math.fma(g, scale[c], rest);
        }
    }
}
