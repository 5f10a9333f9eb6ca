package athanor.train.data;

/// Sides of an image in pixels, and numbers per pixel. Images are stored row by row, channels
/// innermost (HWC).
public record ImageShape(int height, int width, int channels) {
    public ImageShape {
        if (height < 1 || width < 1 || channels < 1) {
            throw new IllegalArgumentException(
                    "image of %d x %d pixels with %d channels: each must be at least 1"
                            .formatted(height, width, channels));
        }
    }

    /// Numbers in one image.
    public int size() {
        return Math.multiplyExact(Math.multiplyExact(height, width), channels);
    }

    @Override
    public String toString() {
        return height + "x" + width + "x" + channels;
    }
}
