package athanor.train.data;

import java.util.List;
import java.util.stream.IntStream;

/// y = (x / 255 - mean) / deviation, per channel, x a byte of 0 to 255.
public record Normalization(float[] mean, float[] deviation) {
    public Normalization {
        if (mean.length == 0 || mean.length != deviation.length) {
            throw new IllegalArgumentException(
                    "normalization: %d means and %d deviations; there must be one of each per channel"
                            .formatted(mean.length, deviation.length));
        }
        mean = mean.clone();
        deviation = deviation.clone();
        for (float value : deviation) {
            if (!(value > 0)) {
                throw new IllegalArgumentException(
                        "normalization: a deviation of " + value + "; it must be above 0");
            }
        }
    }

    public int channels() {
        return mean.length;
    }

    /// The byte nearest to each channel's mean.
    public List<Integer> meanBytes() {
        return IntStream.range(0, channels()).mapToObj(c -> Math.round(255 * mean[c])).toList();
    }

    /// The normalized value of every byte, per channel: entry 256 c + x.
    float[] table() {
        float[] table = new float[256 * channels()];
        for (int c = 0; c < channels(); c++) {
            for (int x = 0; x < 256; x++) {
                table[256 * c + x] = (x / 255f - mean[c]) / deviation[c];
            }
        }
        return table;
    }
}
