package athanor.train.data;

/// `y[i] = sum of w[i][j] x[j]` along both axes, w a triangle of pixel centres at i + 1/2, as
/// PyTorch's `interpolate(mode="bilinear", align_corners=False, antialias=True)`. Enlarging, the
/// triangle spans one pixel to either side; shrinking, it spans the scale, so that every pixel
/// counts. One thread at a time: it owns its scratch.
final class Bilinear {
    private final ImageShape input;
    private final ImageShape output;
    private final Axis rows;
    private final Axis columns;
    private final float[] narrowed;

    Bilinear(ImageShape input, int height, int width) {
        this.input = input;
        output = new ImageShape(height, width, input.channels());
        rows = new Axis(input.height(), height);
        columns = new Axis(input.width(), width);
        narrowed = new float[input.height() * width * input.channels()];
    }

    /// `from` is input-shaped, `to` gets the resized image, rounded to the nearest of 0 to 255.
    void apply(byte[] from, byte[] to) {
        int channels = input.channels();
        int width = output.width();
        for (int y = 0; y < input.height(); y++) {
            for (int x = 0; x < width; x++) {
                int first = (y * input.width() + columns.first[x]) * channels;
                for (int c = 0; c < channels; c++) {
                    float sum = 0;
                    for (int j = 0; j < columns.taps; j++) {
                        sum +=
                                columns.weights[x * columns.taps + j]
                                        * (from[first + j * channels + c] & 0xff);
                    }
                    narrowed[(y * width + x) * channels + c] = sum;
                }
            }
        }
        int row = width * channels;
        for (int y = 0; y < output.height(); y++) {
            for (int i = 0; i < row; i++) {
                float sum = 0.5f;
                for (int j = 0; j < rows.taps; j++) {
                    sum +=
                            rows.weights[y * rows.taps + j]
                                    * narrowed[(rows.first[y] + j) * row + i];
                }
                to[y * row + i] = (byte) Math.clamp((int) sum, 0, 255);
            }
        }
    }

    /// For each output position the first input that counts, and the weights from there on, padded
    /// to one length.
    private static final class Axis {
        final int taps;
        final int[] first;
        final float[] weights;

        Axis(int from, int to) {
            double scale = (double) from / to;
            double reach = Math.max(1, scale);
            taps = Math.min(from, (int) Math.ceil(2 * reach));
            first = new int[to];
            weights = new float[to * taps];
            for (int i = 0; i < to; i++) {
                double centre = (i + 0.5) * scale;
                first[i] = Math.clamp((int) Math.floor(centre - reach + 0.5), 0, from - taps);
                double total = 0;
                for (int j = 0; j < taps; j++) {
                    total += triangle(first[i] + j, centre, reach);
                }
                for (int j = 0; j < taps; j++) {
                    weights[i * taps + j] = (float) (triangle(first[i] + j, centre, reach) / total);
                }
            }
        }

        private static double triangle(int position, double centre, double reach) {
            return Math.max(0, 1 - Math.abs(position + 0.5 - centre) / reach);
        }
    }
}
