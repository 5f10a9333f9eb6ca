package athanor.train.data;

import athanor.kernels.random.Philox;

/// Brightness, contrast and saturation, in this order, each changed by a factor of 1 - strength to
/// 1 + strength, as torchvision's ColorJitter.
public record ColourJitter(double strength) implements Augmentation.Step {
    @Override
    public ImageShape output(ImageShape input) {
        return input;
    }

    @Override
    public Augmentation.Transform ready(ImageShape shape) {
        Colours colours = new Colours(shape);
        return (from, to, draw) -> {
            float[] factors = new float[3];
            for (int i = 0; i < 3; i++) {
                factors[i] = (float) (1 + strength * (2 * Philox.uniform(draw.key(), i) - 1));
            }
            System.arraycopy(from, 0, to, 0, shape.size());
            colours.brightness(to, factors[0]);
            colours.contrast(to, factors[1]);
            colours.saturation(to, factors[2]);
            return true;
        };
    }
}
