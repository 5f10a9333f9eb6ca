package athanor.train.data;

import athanor.kernels.random.Philox;
import athanor.kernels.random.PhiloxKey;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/// Steps that change an image before it is normalized, in order. What is random depends on the key
/// alone, and [DataLoader] derives that from seed, epoch and sample.
public record Augmentation(List<Step> steps) {
    public Augmentation {
        steps = List.copyOf(steps);
    }

    public static Augmentation none() {
        return new Augmentation(List.of());
    }

    /// What most work on small colour images uses: a random crop of the image with black borders of
    /// an eighth of its side (4 pixels for 32), then a mirror image every second time.
    public static Augmentation standard(ImageShape shape) {
        return new Augmentation(List.of(new RandomCrop(shape.height() / 8), new HorizontalFlip()));
    }

    /// These steps and one more.
    public Augmentation then(Step step) {
        return new Augmentation(Stream.concat(steps.stream(), Stream.of(step)).toList());
    }

    /// The shape of the images that come out.
    public ImageShape output(ImageShape input) {
        ImageShape shape = input;
        for (Step step : steps) {
            shape = step.output(shape);
        }
        return shape;
    }

    /// One change of an image.
    public sealed interface Step {
        ImageShape output(ImageShape input);

        /// The step made ready for images of one shape, for use by one thread.
        Transform ready(ImageShape input);
    }

    /// A step at work: writes its result to `to`, or says no where `from` stays as it is.
    @FunctionalInterface
    interface Transform {
        boolean apply(byte[] from, byte[] to, PhiloxKey key);
    }

    /// Moves the image by up to `padding` pixels either way, each shift equally likely, and leaves
    /// black (before normalization) what nothing covers: torchvision's RandomCrop(side, padding).
    public record RandomCrop(int padding) implements Step {
        public RandomCrop {
            if (padding < 0) {
                throw new IllegalArgumentException(
                        "random crop: padding " + padding + " given, at least 0 needed");
            }
        }

        @Override
        public ImageShape output(ImageShape input) {
            return input;
        }

        @Override
        public Transform ready(ImageShape shape) {
            return (from, to, key) -> {
                int down = Philox.below(key, 0, 2 * padding + 1) - padding;
                int right = Philox.below(key, 1, 2 * padding + 1) - padding;
                shift(shape, from, to, down, right);
                return true;
            };
        }

        private static void shift(ImageShape shape, byte[] from, byte[] to, int down, int right) {
            int row = shape.width() * shape.channels();
            int skipped = Math.min(row, Math.max(0, -right) * shape.channels());
            int border = Math.min(row, Math.max(0, right) * shape.channels());
            for (int y = 0; y < shape.height(); y++) {
                int source = y - down;
                int at = y * row;
                if (source < 0 || source >= shape.height()) {
                    Arrays.fill(to, at, at + row, (byte) 0);
                } else {
                    int copied = row - skipped - border;
                    Arrays.fill(to, at, at + border, (byte) 0);
                    System.arraycopy(from, source * row + skipped, to, at + border, copied);
                    Arrays.fill(to, at + border + copied, at + row, (byte) 0);
                }
            }
        }
    }

    /// The mirror image, left for right, with probability 1/2.
    public record HorizontalFlip() implements Step {
        @Override
        public ImageShape output(ImageShape input) {
            return input;
        }

        @Override
        public Transform ready(ImageShape shape) {
            return (from, to, key) -> {
                if (Philox.below(key, 0, 2) == 0) {
                    return false;
                }
                mirror(shape, from, to);
                return true;
            };
        }

        private static void mirror(ImageShape shape, byte[] from, byte[] to) {
            int channels = shape.channels();
            int row = shape.width() * channels;
            for (int y = 0; y < shape.height(); y++) {
                for (int x = 0; x < row; x += channels) {
                    int source = y * row + x;
                    int target = y * row + row - channels - x;
                    for (int c = 0; c < channels; c++) {
                        to[target + c] = from[source + c];
                    }
                }
            }
        }
    }

    /// Resizes to a square: bilinear, half-pixel centres, antialiased when it shrinks (as PyTorch's
    /// `interpolate` with align_corners=False, antialias=True), rounded to bytes.
    public record Resize(int side) implements Step {
        public Resize {
            if (side < 1) {
                throw new IllegalArgumentException(
                        "resize: side " + side + " given, at least 1 needed");
            }
        }

        @Override
        public ImageShape output(ImageShape input) {
            return new ImageShape(side, side, input.channels());
        }

        @Override
        public Transform ready(ImageShape input) {
            Bilinear bilinear = new Bilinear(input, side, side);
            return (from, to, key) -> {
                bilinear.apply(from, to);
                return true;
            };
        }
    }
}
