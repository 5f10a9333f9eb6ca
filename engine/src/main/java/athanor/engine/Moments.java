package athanor.engine;

/// The mean and the (biased) variance of each channel, both `[channels]`; constants to the graph.
///
/// @param ranks those whose batches they are of together
/// @param share this rank's part of the rows they are of, from 0 to 1
public record Moments(Tensor mean, Tensor variance, Communicator ranks, double share) {
    /// Those of this rank's own rows.
    public Moments(Tensor mean, Tensor variance) {
        this(mean, variance, Communicator.single(), 1);
    }

    /// These, of `rows` rows, together with those of the other ranks: mean = sum of n mean / N,
    /// variance = sum of n (variance + mean^2) / N - mean^2, in double.
    public Moments over(Communicator others, int rows) {
        if (others.size() == 1) {
            return this;
        }
        double[] means = mean.toDoubles();
        double[] variances = variance.toDoubles();
        int channels = means.length;
        double[] sums = new double[2 * channels + 1];
        for (int c = 0; c < channels; c++) {
            sums[c] = rows * means[c];
            sums[channels + c] = rows * (variances[c] + means[c] * means[c]);
        }
        sums[2 * channels] = rows;
        sums = others.sum(sums);
        double all = sums[2 * channels];
        HostBuffer allMeans = HostBuffer.allocate(mean.dtype(), channels);
        HostBuffer allVariances = HostBuffer.allocate(mean.dtype(), channels);
        for (int c = 0; c < channels; c++) {
            double m = sums[c] / all;
            allMeans.set(c, m);
            allVariances.set(c, Math.max(0, sums[channels + c] / all - m * m));
        }
        return new Moments(
                Tensor.of(mean.backend(), mean.shape(), allMeans),
                Tensor.of(mean.backend(), mean.shape(), allVariances),
                others,
                rows / all);
    }
}
