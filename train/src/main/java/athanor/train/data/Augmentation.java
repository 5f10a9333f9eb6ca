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

    /// What airbench uses on 32x32 images: shifts by up to 2 pixels, and each image in turn as it
    /// is and mirrored from one epoch to the next.
    public static Augmentation alternating() {
        return new Augmentation(List.of(new RandomCrop(2, true), new AlternatingFlip()));
    }

    /// What most work on large photographs uses.
    public static Augmentation imageNet(int side) {
        return new Augmentation(List.of(new RandomResizedCrop(side), new HorizontalFlip()));
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
    public sealed interface Step
            permits RandomCrop,
                    HorizontalFlip,
                    AlternatingFlip,
                    RandomResizedCrop,
                    RandomErase,
                    Resize,
                    TrivialAugment,
                    ColourJitter,
                    Lighting {
        ImageShape output(ImageShape input);

        /// The step made ready for images of one shape, for use by one thread.
        Transform ready(ImageShape input);
    }

    /// What a step draws its random numbers from.
    ///
    /// @param key of the epoch, the sample and the step
    /// @param always the same in every epoch
    record Draw(PhiloxKey key, PhiloxKey always, int epoch) {}

    /// A step at work: writes its result to `to`, or says no where `from` stays as it is.
    @FunctionalInterface
    interface Transform {
        boolean apply(byte[] from, byte[] to, Draw draw);
    }

    /// Moves the image by up to `padding` pixels either way, each shift equally likely:
    /// torchvision's RandomCrop(side, padding). What nothing covers is black (before
    /// normalization), or the image reflected at its border.
    public record RandomCrop(int padding, boolean reflects) implements Step {
        public RandomCrop(int padding) {
            this(padding, false);
        }

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
            return (from, to, draw) -> {
                int down = Philox.below(draw.key, 0, 2 * padding + 1) - padding;
                int right = Philox.below(draw.key, 1, 2 * padding + 1) - padding;
                if (reflects) {
                    reflect(shape, from, to, down, right);
                } else {
                    shift(shape, from, to, down, right);
                }
                return true;
            };
        }

        private static void reflect(ImageShape shape, byte[] from, byte[] to, int down, int right) {
            int channels = shape.channels();
            for (int y = 0; y < shape.height(); y++) {
                int row = reflected(y - down, shape.height()) * shape.width();
                for (int x = 0; x < shape.width(); x++) {
                    int source = (row + reflected(x - right, shape.width())) * channels;
                    int target = (y * shape.width() + x) * channels;
                    System.arraycopy(from, source, to, target, channels);
                }
            }
        }

        /// Place -1 is 1, place length is length - 2.
        private static int reflected(int place, int length) {
            int back = Math.abs(place);
            return Math.max(0, back < length ? back : 2 * (length - 1) - back);
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
            return (from, to, draw) -> {
                if (Philox.below(draw.key, 0, 2) == 0) {
                    return false;
                }
                mirror(shape, from, to);
                return true;
            };
        }

        static void mirror(ImageShape shape, byte[] from, byte[] to) {
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

    /// The mirror image in every second epoch, in which of them is drawn for each sample once: two
    /// epochs in a row see both sides of all images. Jordan 2024.
    public record AlternatingFlip() implements Step {
        @Override
        public ImageShape output(ImageShape input) {
            return input;
        }

        @Override
        public Transform ready(ImageShape shape) {
            return (from, to, draw) -> {
                if ((Philox.below(draw.always, 0, 2) + draw.epoch) % 2 == 0) {
                    return false;
                }
                HorizontalFlip.mirror(shape, from, to);
                return true;
            };
        }
    }

    /// A part of the image of 8 to 100 % of its area and a form of 3:4 to 4:3, resized to a square:
    /// torchvision's RandomResizedCrop. Szegedy et al. 2015.
    public record RandomResizedCrop(int side) implements Step {
        @Override
        public ImageShape output(ImageShape input) {
            return new ImageShape(side, side, input.channels());
        }

        @Override
        public Transform ready(ImageShape input) {
            return (from, to, draw) -> {
                Box box = Box.draw(input.height(), input.width(), 0.08, 1, 0.75, draw.key);
                ImageShape shape = new ImageShape(box.height(), box.width(), input.channels());
                byte[] part = new byte[shape.size()];
                int row = box.width() * input.channels();
                for (int y = 0; y < box.height(); y++) {
                    int source = ((box.top() + y) * input.width() + box.left()) * input.channels();
                    System.arraycopy(from, source, part, y * row, row);
                }
                new Bilinear(shape, side, side).apply(part, to);
                return true;
            };
        }
    }

    /// With a probability, a box of 2 to 33 % of the area and a form of 3:10 to 10:3 becomes the
    /// mean of the data, 0 after normalization. Zhong et al. 2017.
    public record RandomErase(double probability, List<Integer> mean) implements Step {
        @Override
        public ImageShape output(ImageShape input) {
            return input;
        }

        @Override
        public Transform ready(ImageShape shape) {
            return (from, to, draw) -> {
                if (Philox.uniform(draw.key.derive("whether"), 0) >= probability) {
                    return false;
                }
                Box box = Box.draw(shape.height(), shape.width(), 0.02, 0.33, 0.3, draw.key);
                System.arraycopy(from, 0, to, 0, shape.size());
                for (int y = box.top(); y < box.top() + box.height(); y++) {
                    for (int x = box.left(); x < box.left() + box.width(); x++) {
                        for (int c = 0; c < shape.channels(); c++) {
                            to[(y * shape.width() + x) * shape.channels() + c] =
                                    mean.get(c).byteValue();
                        }
                    }
                }
                return true;
            };
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
            return (from, to, _) -> {
                bilinear.apply(from, to);
                return true;
            };
        }
    }
}
