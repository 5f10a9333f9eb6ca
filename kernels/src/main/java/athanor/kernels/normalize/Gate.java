package athanor.kernels.normalize;

import java.util.Arrays;

/// Where the gradient dy passes through the ReLU behind a norm: where `scale[c] values[i] +
/// shift[c]` is not 0 or below. One form for all cases, so that there is one loop.
///
/// @param values in the shape of dy
/// @param scale one number a channel; `shift` alike
public record Gate(float[] values, float[] scale, float[] shift) {
    /// No ReLU: dy passes everywhere.
    public static Gate open(float[] dy, int channels) {
        return new Gate(dy, new float[channels], filled(channels));
    }

    /// dy passes where the result y is above 0.
    public static Gate of(float[] y, int channels) {
        return new Gate(y, filled(channels), new float[channels]);
    }

    private static float[] filled(int channels) {
        float[] ones = new float[channels];
        Arrays.fill(ones, 1);
        return ones;
    }
}
