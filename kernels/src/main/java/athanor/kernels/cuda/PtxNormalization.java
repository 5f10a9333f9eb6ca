package athanor.kernels.cuda;

import athanor.kernels.cuda.Ptx.Entry;
import athanor.kernels.cuda.Ptx.Parts;
import java.util.OptionalLong;

/// Launches of `normalize/BatchNorm.ptx`, `LayerNorm.ptx` and `LocalResponseNorm.ptx`.
public final class PtxNormalization {
    private static final String BATCH = "normalize/BatchNorm";
    private static final String LAYER = "normalize/LayerNorm";
    private static final String RESPONSE = "normalize/LocalResponseNorm";
    /// Rows that are worth a part of their own.
    private static final int LEAST = 64;

    private final Ptx ptx;

    public PtxNormalization(Ptx ptx) {
        this.ptx = ptx;
    }

    /// The mean and the biased variance of each channel of x `[rows, channels]`; NaN of no rows.
    public void channelMoments(
            Driver.Stream stream, long x, int rows, int channels, long mean, long variance) {
        if (rows == 0) {
            int nan = Float.floatToRawIntBits(Float.NaN);
            ptx.driver().fill(mean, nan, channels, stream);
            ptx.driver().fill(variance, nan, channels, stream);
            return;
        }
        int tiles = Ptx.ceilDiv(channels, 32);
        Parts parts = Parts.of(rows, LEAST, tiles);
        long sums = ptx.workspace().take(16L * parts.count() * channels);
        ptx.launch(
                stream,
                new Entry(BATCH, "channelMomentsParts"),
                parts.count() * tiles,
                Ptx.THREADS,
                new Arguments()
                        .address(x)
                        .address(sums)
                        .int32(rows)
                        .int32(channels)
                        .int32(parts.chunk()));
        ptx.launch(
                stream,
                new Entry(BATCH, "channelMomentsFinish"),
                tiles,
                Ptx.THREADS,
                new Arguments()
                        .address(x)
                        .address(sums)
                        .int32(rows)
                        .int32(channels)
                        .int32(parts.count())
                        .address(mean)
                        .address(variance));
        ptx.workspace().give(sums);
    }

    /// `y = scale x + shift (+ residual)`, and with `relu`, `max(y, 0)`.
    public void normalizeAddRelu(
            Driver.Stream stream,
            long x,
            int rows,
            int channels,
            long scale,
            long shift,
            OptionalLong residual,
            boolean relu,
            long y) {
        int n = rows * channels;
        launchChannels(
                stream,
                "normalizeAddRelu",
                n,
                channels,
                new Arguments()
                        .address(x)
                        .int32(channels)
                        .address(scale)
                        .address(shift)
                        .address(residual.orElse(0))
                        .float32(relu ? 0 : Float.NEGATIVE_INFINITY)
                        .address(y)
                        .int32(n));
    }

    /// Where dy passes: where the numbers at `output`, in its shape, are above 0, and where `scale
    /// x + shift` is, one scale and shift a channel. Address 0 is for what there is none of.
    public record Gate(long output, long scale, long shift) {
        public static final Gate OPEN = new Gate(0, 0, 0);

        Arguments addTo(Arguments arguments) {
            return arguments.address(output).address(scale).address(shift);
        }
    }

    /// With g = dy where the gate is open, else 0: `dShift = sum of g` and `dScale =
    /// inverseDeviation times sum of g (x - mean)`.
    public void batchNormSums(
            Driver.Stream stream,
            long dy,
            Gate gate,
            long x,
            int rows,
            int channels,
            long mean,
            long inverseDeviation,
            long dScale,
            long dShift) {
        int tiles = Ptx.ceilDiv(channels, 32);
        Parts parts = Parts.of(rows, LEAST, tiles);
        long sums = ptx.workspace().take(16L * parts.count() * Math.max(1, channels));
        ptx.launch(
                stream,
                new Entry(BATCH, "batchNormSumsParts"),
                parts.count() * tiles,
                Ptx.THREADS,
                gate.addTo(new Arguments().address(dy))
                        .address(x)
                        .address(mean)
                        .address(sums)
                        .int32(rows)
                        .int32(channels)
                        .int32(parts.chunk()));
        ptx.launch(
                stream,
                new Entry(BATCH, "batchNormSumsFinish"),
                tiles,
                Ptx.THREADS,
                new Arguments()
                        .address(sums)
                        .int32(channels)
                        .int32(parts.count())
                        .address(inverseDeviation)
                        .address(dScale)
                        .address(dShift));
        ptx.workspace().give(sums);
    }

    /// `dx = scale (g - (dShift + (x - mean) inverseDeviation dScale) / rows)`; `dResidual`, if
    /// asked for, becomes g. Either may be x or dy.
    public void batchNormGradient(
            Driver.Stream stream,
            long dy,
            Gate gate,
            long x,
            int rows,
            int channels,
            long mean,
            long inverseDeviation,
            long scale,
            long dScale,
            long dShift,
            long dx,
            OptionalLong dResidual) {
        int n = rows * channels;
        launchChannels(
                stream,
                "batchNormGradient",
                n,
                channels,
                gate.addTo(new Arguments().address(dy))
                        .address(x)
                        .int32(rows)
                        .int32(channels)
                        .address(mean)
                        .address(inverseDeviation)
                        .address(scale)
                        .address(dScale)
                        .address(dShift)
                        .address(dx)
                        .address(dResidual.orElse(0))
                        .int32(n));
    }

    private void launchChannels(
            Driver.Stream stream, String name, int n, int channels, Arguments arguments) {
        if (channels % 4 == 0) {
            ptx.launchGroups(stream, new Entry(BATCH, name + "4"), n, arguments);
        } else {
            ptx.launchElements(stream, new Entry(BATCH, name), n, arguments);
        }
    }

    /// `y = (x - mean) inverseDeviation gamma + beta` with the mean and deviation of each row of
    /// x `[rows, width]`, which are kept.
    public void layerNorm(
            Driver.Stream stream,
            long x,
            int rows,
            int width,
            double epsilon,
            long gamma,
            long beta,
            long y,
            long mean,
            long inverseDeviation) {
        ptx.launchRows(
                stream,
                new Entry(LAYER, "layerNorm"),
                rows,
                width,
                new Arguments()
                        .address(x)
                        .int32(width)
                        .float32((float) epsilon)
                        .address(gamma)
                        .address(beta)
                        .address(y)
                        .address(mean)
                        .address(inverseDeviation));
    }

    public void layerNormGradient(
            Driver.Stream stream,
            long dy,
            long x,
            int rows,
            int width,
            long gamma,
            long mean,
            long inverseDeviation,
            long dx) {
        ptx.launchRows(
                stream,
                new Entry(LAYER, "layerNormGradient"),
                rows,
                width,
                new Arguments()
                        .address(dy)
                        .address(x)
                        .int32(width)
                        .address(gamma)
                        .address(mean)
                        .address(inverseDeviation)
                        .address(dx));
    }

    /// `y[c] = x[c] d[c]^-beta`, `d[c] = k + alpha / size * sum of x[j]^2` over the `size` channels
    /// around c; d is kept.
    public void localResponseNorm(
            Driver.Stream stream,
            long x,
            int rows,
            int channels,
            int size,
            double alpha,
            double beta,
            double k,
            long y,
            long d) {
        int n = rows * channels;
        ptx.launchElements(
                stream,
                new Entry(RESPONSE, "localResponseNorm"),
                n,
                new Arguments()
                        .address(x)
                        .int32(channels)
                        .int32(size)
                        .float32((float) (alpha / size))
                        .float32((float) -beta)
                        .float32((float) k)
                        .address(y)
                        .address(d)
                        .int32(n));
    }

    public void localResponseNormGradient(
            Driver.Stream stream,
            long dy,
            long x,
            long d,
            int rows,
            int channels,
            int size,
            double alpha,
            double beta,
            long dx) {
        int n = rows * channels;
        ptx.launchElements(
                stream,
                new Entry(RESPONSE, "localResponseNormGradient"),
                n,
                new Arguments()
                        .address(dy)
                        .address(x)
                        .address(d)
                        .int32(channels)
                        .int32(size)
                        .float32((float) (-2 * alpha * beta / size))
                        .float32((float) -beta)
                        .address(dx)
                        .int32(n));
    }
}
