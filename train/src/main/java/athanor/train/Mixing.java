package athanor.train;

import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.kernels.random.Philox;
import athanor.kernels.random.PhiloxKey;

/// Mixes each image of a batch with the one before it, in one of two ways; where both are asked
/// for, each comes every second time. What is drawn depends on the key alone.
///
/// Mixup (Zhang et al. 2018): `share x[i] + (1 - share) x[i - 1]`. CutMix (Yun et al. 2019): a box
/// of (1 - share) of the area comes from x[i - 1]. The share is drawn from Beta(a, a), and the
/// targets are mixed alike.
///
/// @param mixup its a; 0: no mixup
/// @param cutmix its a; 0: no CutMix
record Mixing(double mixup, double cutmix) {
    /// Images and soft targets, `[N, classes]`.
    record Mixed(Tensor images, Tensor targets) {}

    boolean isActive() {
        return mixup > 0 || cutmix > 0;
    }

    Mixed mix(Tensor images, Tensor labels, int classes, PhiloxKey key) {
        int count = images.shape().dim(0);
        int[] before = new int[count];
        for (int i = 0; i < count; i++) {
            before[i] = (i + count - 1) % count;
        }
        Tensor order = Tensor.of(images.backend(), Shape.of(count), HostBuffer.of(before));
        Tensor others = rows(images, order);
        boolean cuts = cutmix > 0 && (mixup == 0 || Philox.below(key, 0, 2) == 0);
        double share = beta(cuts ? cutmix : mixup, key.derive("share"));
        Tensor kept = images.scalarLike(share);
        if (cuts) {
            Box box = Box.draw(images.shape().dim(1), images.shape().dim(2), 1 - share, key);
            kept = box.outside(images);
            share = box.shareOutside();
        }
        Tensor mixed = others.add(images.sub(others).mul(kept));
        Tensor targets = oneHot(labels, images, classes);
        Tensor otherTargets = targets.gather(order);
        return new Mixed(mixed, otherTargets.add(targets.sub(otherTargets).mul(share)));
    }

    private static Tensor rows(Tensor images, Tensor order) {
        int count = images.shape().dim(0);
        int[] dims = images.shape().dims();
        return images.reshape(count, -1).gather(order).reshape(dims);
    }

    private static Tensor oneHot(Tensor labels, Tensor like, int classes) {
        Tensor targets = like.emptyLike(Shape.of(labels.size(), classes));
        like.backend().oneHot(labels.buffer(), labels.size(), classes, 1, 0, targets.buffer());
        return targets;
    }

    /// A box within an image.
    private record Box(int height, int width, int top, int left, int bottom, int right) {
        /// Of this part of the area and the image's form, about a centre that is anywhere; what
        /// hangs over the border is cut off.
        static Box draw(int height, int width, double area, PhiloxKey key) {
            int halfHeight = (int) (height * Math.sqrt(area)) / 2;
            int halfWidth = (int) (width * Math.sqrt(area)) / 2;
            int y = Philox.below(key, 1, height);
            int x = Philox.below(key, 2, width);
            return new Box(
                    height,
                    width,
                    Math.max(0, y - halfHeight),
                    Math.max(0, x - halfWidth),
                    Math.min(height, y + halfHeight),
                    Math.min(width, x + halfWidth));
        }

        double shareOutside() {
            return 1 - (double) (bottom - top) * (right - left) / (height * width);
        }

        /// `[1, H, W, 1]`: 0 in the box, 1 outside.
        Tensor outside(Tensor like) {
            float[] mask = new float[height * width];
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    boolean inside = y >= top && y < bottom && x >= left && x < right;
                    mask[y * width + x] = inside ? 0 : 1;
                }
            }
            Shape shape = Shape.of(1, height, width, 1);
            return Tensor.of(like.backend(), shape, HostBuffer.of(mask));
        }
    }

    /// A number of Beta(a, a): g / (g + h) with g and h of Gamma(a).
    static double beta(double a, PhiloxKey key) {
        double g = gamma(a, key.derive(0));
        double h = gamma(a, key.derive(1));
        return g + h == 0 ? 0.5 : g / (g + h);
    }

    /// A number of Gamma(a) by rejection; for a below 1 one of Gamma(a + 1) times a power of a
    /// uniform one. Marsaglia and Tsang 2000.
    private static double gamma(double a, PhiloxKey key) {
        if (a < 1) {
            double u = positive(key.derive("power"), 0);
            return gamma(a + 1, key) * StrictMath.pow(u, 1 / a);
        }
        double d = a - 1.0 / 3;
        double c = 1 / Math.sqrt(9 * d);
        for (int i = 0; ; i++) {
            double x = Philox.normal(key.derive("normal"), i);
            double v = (1 + c * x) * (1 + c * x) * (1 + c * x);
            double u = positive(key.derive("uniform"), i);
            if (v > 0 && StrictMath.log(u) < 0.5 * x * x + d - d * v + d * StrictMath.log(v)) {
                return d * v;
            }
        }
    }

    private static double positive(PhiloxKey key, long index) {
        return Philox.uniform(key, index) + 0x1p-25;
    }
}
