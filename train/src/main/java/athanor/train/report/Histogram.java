package athanor.train.report;

/// How numbers are spread: how many lie in each of equal steps from the least to the greatest.
/// Numbers that are not finite are left out.
///
/// @param counts one for each step
record Histogram(
        double least, double greatest, long size, double sum, double sumOfSquares, long[] counts) {
    private static final int STEPS = 64;

    static Histogram of(float[] values) {
        double least = Double.POSITIVE_INFINITY;
        double greatest = Double.NEGATIVE_INFINITY;
        for (float value : values) {
            if (Float.isFinite(value)) {
                least = Math.min(least, value);
                greatest = Math.max(greatest, value);
            }
        }
        long[] counts = new long[least < greatest ? STEPS : 1];
        long size = 0;
        double sum = 0;
        double sumOfSquares = 0;
        for (float value : values) {
            if (Float.isFinite(value)) {
                double place = (value - least) / (greatest - least) * counts.length;
                counts[counts.length == 1 ? 0 : Math.min(counts.length - 1, (int) place)]++;
                size++;
                sum += value;
                sumOfSquares += (double) value * value;
            }
        }
        return size == 0
                ? new Histogram(0, 0, 0, 0, 0, counts)
                : new Histogram(least, greatest, size, sum, sumOfSquares, counts);
    }

    /// The upper end of a step.
    double limit(int step) {
        return step == counts.length - 1
                ? greatest
                : least + (greatest - least) * (step + 1) / counts.length;
    }
}
