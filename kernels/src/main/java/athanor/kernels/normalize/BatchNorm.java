package athanor.kernels.normalize;

import static athanor.kernels.elementwise.VectorMath.LANES;
import static athanor.kernels.elementwise.VectorMath.load;
import static athanor.kernels.reduce.Rows.DOUBLES;

import athanor.kernels.parallel.Parallel;
import athanor.kernels.parallel.Scratch;
import java.util.Arrays;
import java.util.Optional;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// The passes of batch normalization (Ioffe and Szegedy 2015) over x `[rows, channels]`, each
/// reading its inputs once. Sums over rows are made in float for 32 of them, which join those of at
/// most 32 blocks of rows in double, which are then added in order.
public final class BatchNorm {
    private static final int BLOCKS = 32;
    private static final int LEAST_BLOCK = 16_384;
    /// Rows whose sums are made in float, before they join those of all in double.
    private static final int FLOAT_ROWS = 32;

    private static final int WIDTH = DOUBLES.length();

    private BatchNorm() {}

    /// The mean and the biased variance of each channel. What is summed is the difference to the
    /// channel's first number, so that a mean far larger than the deviation costs no accuracy.
    public static void channelMoments(
            float[] x, int rows, int channels, float[] mean, float[] variance) {
        double[] sums =
                sumBlocks(
                        rows,
                        channels,
                        (first, count, partial) -> addMoments(x, first, count, channels, partial));
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

    /// With g = dy where the gate lets it pass, else 0: `dShift = sum of g` and `dScale =
    /// inverseDeviation times sum of g (x - mean)`.
    public static void sums(
            float[] dy,
            Gate gate,
            float[] x,
            int rows,
            int channels,
            float[] mean,
            float[] inverseDeviation,
            float[] dScale,
            float[] dShift) {
        double[] sums =
                sumBlocks(
                        rows,
                        channels,
                        (first, count, partial) ->
                                addGradients(dy, gate, x, first, count, channels, mean, partial));
        for (int c = 0; c < channels; c++) {
            dShift[c] = (float) sums[c];
            dScale[c] = (float) (sums[channels + c] * inverseDeviation[c]);
        }
    }

    /// `dx = scale (g - (dShift + (x - mean) inverseDeviation dScale) / rows)`; `dResidual`, if
    /// asked for, becomes g. Either may be x or dy itself.
    public static void gradient(
            float[] dy,
            Gate gate,
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
        boolean keep = dResidual.isPresent();
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
                                dy, gate, x, at, channels, mean, scale, slope, offset, dx, kept,
                                keep));
    }

    @FunctionalInterface
    private interface Block {
        /// Adds what rows `first` to `first + count - 1` contribute: two sums for each channel.
        void addTo(int first, int count, float[] partial);
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
        int rowsAtOnce = (least / FLOAT_ROWS + 1) * FLOAT_ROWS;
        int blocks = (rows + rowsAtOnce - 1) / rowsAtOnce;
        int width = 2 * channels;
        int size = Math.max(1, blocks) * width;
        double[] parts = Scratch.doubles(Scratch.Use.PARTIAL_SUMS, size);
        Arrays.fill(parts, 0, size, 0);
        Parallel.range(
                blocks,
                1,
                (from, to) -> {
                    float[] partial = Scratch.floats(Scratch.Use.TILE, width);
                    int end = Math.min(rows, to * rowsAtOnce);
                    for (int row = from * rowsAtOnce; row < end; row += FLOAT_ROWS) {
                        Arrays.fill(partial, 0, width, 0);
                        block.addTo(row, Math.min(FLOAT_ROWS, end - row), partial);
                        int at = row / rowsAtOnce * width;
                        for (int c = 0; c < width; c++) {
                            parts[at + c] += partial[c];
                        }
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

    /// Reads at four places far from each other: a single stream does not fill the memory's lanes.
    private static void addMoments(float[] x, int first, int rows, int channels, float[] partial) {
        int quarter = rows / 4;
        int apart = quarter * channels;
        int vectors = channels / LANES * LANES;
        for (int row = first; row < first + quarter; row++) {
            for (int c = 0; c < vectors; c += LANES) {
                FloatVector pivot = load(x, c);
                int place = row * channels + c;
                FloatVector d0 = load(x, place).sub(pivot);
                FloatVector d1 = load(x, place + apart).sub(pivot);
                FloatVector d2 = load(x, place + 2 * apart).sub(pivot);
                FloatVector d3 = load(x, place + 3 * apart).sub(pivot);
                FloatVector sum = d0.add(d1).add(d2.add(d3));
                FloatVector square = d0.fma(d0, d1.mul(d1)).add(d2.fma(d2, d3.mul(d3)));
                load(partial, c).add(sum).intoArray(partial, c);
                load(partial, channels + c).add(square).intoArray(partial, channels + c);
            }
        }
        for (int row = first; row < first + rows; row++) {
            for (int c = row < first + 4 * quarter ? vectors : 0; c < channels; c++) {
                addMoment(x[row * channels + c] - x[c], c, channels, partial);
            }
        }
    }

    private static void addMoment(float d, int c, int channels, float[] partial) {
        partial[c] += d;
        partial[channels + c] = Math.fma(d, d, partial[channels + c]);
    }

    private static void addGradients(
            float[] dy,
            Gate gate,
            float[] x,
            int first,
            int rows,
            int channels,
            float[] mean,
            float[] partial) {
        float[] values = gate.values();
        float[] scale = gate.scale();
        float[] shift = gate.shift();
        int quarter = rows / 4;
        int apart = quarter * channels;
        int vectors = channels / LANES * LANES;
        for (int row = first; row < first + quarter; row++) {
            for (int c = 0; c < vectors; c += LANES) {
                FloatVector center = load(mean, c);
                FloatVector s = load(scale, c);
                FloatVector t = load(shift, c);
                int place = row * channels + c;
                FloatVector g0 = passing(dy, values, s, t, place);
                FloatVector g1 = passing(dy, values, s, t, place + apart);
                FloatVector g2 = passing(dy, values, s, t, place + 2 * apart);
                FloatVector g3 = passing(dy, values, s, t, place + 3 * apart);
                FloatVector p0 = load(x, place).sub(center).mul(g0);
                FloatVector p1 = load(x, place + apart).sub(center).fma(g1, p0);
                FloatVector p2 = load(x, place + 2 * apart).sub(center).mul(g2);
                FloatVector p3 = load(x, place + 3 * apart).sub(center).fma(g3, p2);
                FloatVector sum = g0.add(g1).add(g2.add(g3));
                load(partial, c).add(sum).intoArray(partial, c);
                load(partial, channels + c).add(p1.add(p3)).intoArray(partial, channels + c);
            }
        }
        for (int row = first; row < first + rows; row++) {
            for (int c = row < first + 4 * quarter ? vectors : 0; c < channels; c++) {
                int place = row * channels + c;
                float g = passing(dy[place], values[place], scale[c], shift[c]);
                partial[c] += g;
                partial[channels + c] = Math.fma(x[place] - mean[c], g, partial[channels + c]);
            }
        }
    }

    /// dy where the gate lets it pass, else 0.
    private static FloatVector passing(
            float[] dy, float[] values, FloatVector scale, FloatVector shift, int at) {
        return load(dy, at)
                .blend(0, load(values, at).fma(scale, shift).compare(VectorOperators.LE, 0));
    }

    private static float passing(float dy, float value, float scale, float shift) {
        return Math.fma(value, scale, shift) <= 0 ? 0 : dy;
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
            Gate gate,
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
        float[] values = gate.values();
        float[] gateScale = gate.scale();
        float[] gateShift = gate.shift();
        int c = 0;
        for (; c <= channels - LANES; c += LANES) {
            FloatVector g = passing(dy, values, load(gateScale, c), load(gateShift, c), at + c);
            FloatVector d = load(x, at + c).sub(load(mean, c));
            FloatVector rest = d.fma(load(slope, c), load(offset, c));
            if (keep) {
                g.intoArray(kept, at + c);
            }
            g.fma(load(scale, c), rest).intoArray(dx, at + c);
        }
        for (; c < channels; c++) {
            float g = passing(dy[at + c], values[at + c], gateScale[c], gateShift[c]);
            float rest = Math.fma(x[at + c] - mean[c], slope[c], offset[c]);
            if (keep) {
                kept[at + c] = g;
            }
            dx[at + c] = Math.fma(g, scale[c], rest);
        }
    }
}
