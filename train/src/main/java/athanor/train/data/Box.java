package athanor.train.data;

import athanor.kernels.random.Philox;
import athanor.kernels.random.PhiloxKey;

/// A part of an image, in pixels.
record Box(int top, int left, int height, int width) {
    private static final int TRIES = 10;

    /// An area between two shares of the image's, uniformly, and a form (width by height) between
    /// `narrowest` and its inverse, uniformly in its logarithm, anywhere within. Where ten draws do
    /// not fit, the largest box in the middle whose form is allowed.
    static Box draw(
            int height, int width, double least, double most, double narrowest, PhiloxKey key) {
        for (int i = 0; i < TRIES; i++) {
            double area =
                    height
                            * (double) width
                            * (least + (most - least) * Philox.uniform(key, 4L * i));
            double spread = StrictMath.log(narrowest) * (1 - 2 * Philox.uniform(key, 4L * i + 1));
            double form = StrictMath.exp(spread);
            int w = (int) Math.round(Math.sqrt(area * form));
            int h = (int) Math.round(Math.sqrt(area / form));
            if (w > 0 && h > 0 && w <= width && h <= height) {
                int top = Philox.below(key, 4L * i + 2, height - h + 1);
                return new Box(top, Philox.below(key, 4L * i + 3, width - w + 1), h, w);
            }
        }
        int w = Math.max(1, Math.min(width, (int) (height / narrowest)));
        int h = Math.max(1, Math.min(height, (int) (width / narrowest)));
        return new Box((height - h) / 2, (width - w) / 2, h, w);
    }
}
