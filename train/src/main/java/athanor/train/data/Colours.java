package athanor.train.data;

/// Changes of an image's colours, in place: each pixel becomes a mixture of itself and something
/// that a factor of 0 would leave alone, as in PIL's ImageEnhance.
record Colours(ImageShape shape) {
    /// Against black.
    void brightness(byte[] image, float factor) {
        for (int i = 0; i < shape.size(); i++) {
            image[i] = mixed(image[i] & 0xff, 0, factor);
        }
    }

    /// Against the mean of its grey values.
    void contrast(byte[] image, float factor) {
        long sum = 0;
        for (int i = 0; i < shape.size(); i += shape.channels()) {
            sum += grey(image, i);
        }
        float mean = Math.round((float) sum / (shape.height() * shape.width()));
        for (int i = 0; i < shape.size(); i++) {
            image[i] = mixed(image[i] & 0xff, mean, factor);
        }
    }

    /// Against its grey image.
    void saturation(byte[] image, float factor) {
        for (int i = 0; i < shape.size(); i += shape.channels()) {
            int grey = grey(image, i);
            for (int c = 0; c < shape.channels(); c++) {
                image[i + c] = mixed(image[i + c] & 0xff, grey, factor);
            }
        }
    }

    /// Against a smoothed image; the border stays.
    void sharpness(byte[] image, float factor) {
        byte[] before = image.clone();
        int channels = shape.channels();
        int row = shape.width() * channels;
        for (int y = 1; y < shape.height() - 1; y++) {
            for (int i = y * row + channels; i < (y + 1) * row - channels; i++) {
                int sum = 4 * (before[i] & 0xff);
                for (int near = -row; near <= row; near += row) {
                    sum += before[i + near - channels] & 0xff;
                    sum += before[i + near] & 0xff;
                    sum += before[i + near + channels] & 0xff;
                }
                image[i] = mixed(before[i] & 0xff, Math.round(sum / 13f), factor);
            }
        }
    }

    /// Keeps so many of the highest bits.
    void posterize(byte[] image, int bits) {
        for (int i = 0; i < shape.size(); i++) {
            image[i] &= (byte) (0xff << (8 - bits));
        }
    }

    /// Turns round what is not below the threshold.
    void solarize(byte[] image, int threshold) {
        for (int i = 0; i < shape.size(); i++) {
            image[i] = (image[i] & 0xff) >= threshold ? (byte) ~image[i] : image[i];
        }
    }

    /// Stretches each channel to 0 to 255.
    void autoContrast(byte[] image) {
        for (int c = 0; c < shape.channels(); c++) {
            int low = 255;
            int high = 0;
            for (int i = c; i < shape.size(); i += shape.channels()) {
                low = Math.min(low, image[i] & 0xff);
                high = Math.max(high, image[i] & 0xff);
            }
            for (int i = c; i < shape.size() && high > low; i += shape.channels()) {
                image[i] = (byte) (((image[i] & 0xff) - low) * 255 / (high - low));
            }
        }
    }

    /// Spreads the values of each channel so that each is as frequent, as PIL's equalize.
    void equalize(byte[] image) {
        for (int c = 0; c < shape.channels(); c++) {
            int[] counts = new int[256];
            int highest = 0;
            for (int i = c; i < shape.size(); i += shape.channels()) {
                counts[image[i] & 0xff]++;
                highest = Math.max(highest, image[i] & 0xff);
            }
            int step = (shape.height() * shape.width() - counts[highest]) / 255;
            if (step > 0) {
                int before = step / 2;
                byte[] table = new byte[256];
                for (int v = 0; v < 256; v++) {
                    table[v] = (byte) Math.min(255, before / step);
                    before += counts[v];
                }
                for (int i = c; i < shape.size(); i += shape.channels()) {
                    image[i] = table[image[i] & 0xff];
                }
            }
        }
    }

    /// ITU-R BT.601.
    private int grey(byte[] image, int at) {
        if (shape.channels() != 3) {
            return image[at] & 0xff;
        }
        int red = image[at] & 0xff;
        int green = image[at + 1] & 0xff;
        int blue = image[at + 2] & 0xff;
        return (299 * red + 587 * green + 114 * blue + 500) / 1000;
    }

    private static byte mixed(int value, float other, float factor) {
        return (byte) Math.clamp((int) (other + factor * (value - other) + 0.5f), 0, 255);
    }
}
