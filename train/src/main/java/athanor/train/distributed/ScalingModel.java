package athanor.train.distributed;

/// The time of a step over P ranks, each with the same number of images, from that of one rank, the
/// size of the gradients and the network. An exchange of n bytes takes `2 (P - 1) latency + 2 (P -
/// 1) / P n / bandwidth`: P - 1 messages all-to-all and P - 1 to gather. All buckets but the last
/// can hide behind what of the backward pass comes after the first.
///
/// @param stepSeconds forward, backward and update of one rank
/// @param gradientBytes all gradients
/// @param bucketBytes what is exchanged at a time
/// @param latencySeconds from one rank to another, for the shortest message
/// @param bytesPerSecond what a rank can send (and receive) at once
public record ScalingModel(
        double stepSeconds,
        double gradientBytes,
        double bucketBytes,
        double latencySeconds,
        double bytesPerSecond) {
    /// The backward pass takes about two thirds of a step: each product forward has two backward.
    private static final double BACKWARD = 2.0 / 3;

    /// An exchange of so many bytes.
    public double exchange(double bytes, int ranks) {
        return 2 * (ranks - 1) * latencySeconds
                + 2 * (ranks - 1.0) / ranks * bytes / bytesPerSecond;
    }

    /// The exchanges of a step, one after the other.
    public double exchanges(int ranks) {
        long full = (long) (gradientBytes / bucketBytes);
        return full * exchange(bucketBytes, ranks) + exchange(last(), ranks);
    }

    private double last() {
        return gradientBytes - Math.floor(gradientBytes / bucketBytes) * bucketBytes;
    }

    /// A step whose exchanges begin when the backward pass has ended.
    public double stepBehind(int ranks) {
        return stepSeconds + exchanges(ranks);
    }

    /// A step whose exchanges go on beside the backward pass: the last one cannot, nor what is
    /// longer than the pass.
    public double stepBeside(int ranks) {
        double all = exchanges(ranks);
        double last = exchange(last(), ranks);
        return stepSeconds + Math.max(last, all - BACKWARD * stepSeconds);
    }

    /// Latency and bandwidth that fit measured exchanges best, by least squares of the relative
    /// error.
    ///
    /// @param bytes the size of each
    /// @param seconds the time of each
    public static double[] fit(int ranks, double[] bytes, double[] seconds) {
        double perLatency = 2 * (ranks - 1);
        double perByte = 2 * (ranks - 1.0) / ranks;
        // Normal equations of seconds = perLatency a + perByte bytes b, each row divided by
        // seconds.
        double aa = 0;
        double ab = 0;
        double bb = 0;
        double a = 0;
        double b = 0;
        for (int i = 0; i < bytes.length; i++) {
            double u = perLatency / seconds[i];
            double v = perByte * bytes[i] / seconds[i];
            aa += u * u;
            ab += u * v;
            bb += v * v;
            a += u;
            b += v;
        }
        double determinant = aa * bb - ab * ab;
        double latency = (a * bb - b * ab) / determinant;
        double perSecond = determinant / (b * aa - a * ab);
        return new double[] {latency, perSecond};
    }
}
