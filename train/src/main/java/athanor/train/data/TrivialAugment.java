package athanor.train.data;

import athanor.kernels.random.Philox;

/// One of 14 changes, of a strength from 0 to 30, both drawn anew for each image:
/// TrivialAugmentWide with torchvision's ranges. Moved images show black where nothing covers
/// them. Müller and Hutter 2021.
public record TrivialAugment() implements Augmentation.Step {
    private static final int CHANGES = 14;
    private static final int STRONGEST = 30;

    @Override
    public ImageShape output(ImageShape input) {
        return input;
    }

    @Override
    public Augmentation.Transform ready(ImageShape shape) {
        Colours colours = new Colours(shape);
        return (from, to, draw) -> {
            int change = Philox.below(draw.key(), 0, CHANGES);
            float strength = (float) Philox.below(draw.key(), 1, STRONGEST + 1) / STRONGEST;
            float sign = Philox.below(draw.key(), 2, 2) == 0 ? -1 : 1;
            if (change < 5) {
                moved(shape, from, to, change, sign * strength);
                return true;
            }
            System.arraycopy(from, 0, to, 0, shape.size());
            float factor = 1 + 0.99f * sign * strength;
            switch (change) {
                case 5 -> colours.brightness(to, factor);
                case 6 -> colours.saturation(to, factor);
                case 7 -> colours.contrast(to, factor);
                case 8 -> colours.sharpness(to, factor);
                case 9 -> colours.posterize(to, 8 - Math.round(6 * strength));
                case 10 -> colours.solarize(to, Math.round(255 * (1 - strength)));
                case 11 -> colours.autoContrast(to);
                case 12 -> colours.equalize(to);
                default -> {
                    return false;
                }
            }
            return true;
        };
    }

    /// Shears, shifts or turns about the middle.
    private static void moved(ImageShape shape, byte[] from, byte[] to, int change, float part) {
        double angle = Math.toRadians(135 * part);
        double shear = 0.99 * part;
        double shift = 32 * part;
        switch (change) {
            case 0 -> affine(shape, from, to, 1, -shear, 0, 0, 1, 0);
            case 1 -> affine(shape, from, to, 1, 0, 0, -shear, 1, 0);
            case 2 -> affine(shape, from, to, 1, 0, -shift, 0, 1, 0);
            case 3 -> affine(shape, from, to, 1, 0, 0, 0, 1, -shift);
            default -> {
                double cos = StrictMath.cos(angle);
                double sin = StrictMath.sin(angle);
                affine(shape, from, to, cos, sin, 0, -sin, cos, 0);
            }
        }
    }

    /// The pixel at (x, y) from the middle comes from the nearest to `(a x + b y + c, d x + e y +
    /// f)`.
    private static void affine(
            ImageShape shape,
            byte[] from,
            byte[] to,
            double a,
            double b,
            double c,
            double d,
            double e,
            double f) {
        double middleX = (shape.width() - 1) / 2.0;
        double middleY = (shape.height() - 1) / 2.0;
        int channels = shape.channels();
        for (int y = 0; y < shape.height(); y++) {
            for (int x = 0; x < shape.width(); x++) {
                double dx = x - middleX;
                double dy = y - middleY;
                int sourceX = (int) Math.floor(a * dx + b * dy + c + middleX + 0.5);
                int sourceY = (int) Math.floor(d * dx + e * dy + f + middleY + 0.5);
                boolean inside =
                        sourceX >= 0
                                && sourceX < shape.width()
                                && sourceY >= 0
                                && sourceY < shape.height();
                for (int i = 0; i < channels; i++) {
                    to[(y * shape.width() + x) * channels + i] =
                            inside ? from[(sourceY * shape.width() + sourceX) * channels + i] : 0;
                }
            }
        }
    }
}
