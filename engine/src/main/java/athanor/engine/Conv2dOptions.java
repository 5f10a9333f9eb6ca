package athanor.engine;

/// How a convolution moves over the image; [#DEFAULT] is stride 1, no padding, dilation 1, one
/// group.
public record Conv2dOptions(
        int strideHeight,
        int strideWidth,
        int paddingHeight,
        int paddingWidth,
        int dilationHeight,
        int dilationWidth,
        int groups) {
    public static final Conv2dOptions DEFAULT = new Conv2dOptions(1, 1, 0, 0, 1, 1, 1);

    public Conv2dOptions {
        requireAtLeast(1, "stride", strideHeight, strideWidth);
        requireAtLeast(0, "padding", paddingHeight, paddingWidth);
        requireAtLeast(1, "dilation", dilationHeight, dilationWidth);
        requireAtLeast(1, "groups", groups, groups);
    }

    public Conv2dOptions stride(int stride) {
        return new Conv2dOptions(
                stride, stride, paddingHeight, paddingWidth, dilationHeight, dilationWidth, groups);
    }

    public Conv2dOptions padding(int padding) {
        return new Conv2dOptions(
                strideHeight, strideWidth, padding, padding, dilationHeight, dilationWidth, groups);
    }

    public Conv2dOptions dilation(int dilation) {
        return new Conv2dOptions(
                strideHeight, strideWidth, paddingHeight, paddingWidth, dilation, dilation, groups);
    }

    public Conv2dOptions groups(int groups) {
        return new Conv2dOptions(
                strideHeight,
                strideWidth,
                paddingHeight,
                paddingWidth,
                dilationHeight,
                dilationWidth,
                groups);
    }

    private static void requireAtLeast(int least, String name, int first, int second) {
        if (Math.min(first, second) < least) {
            throw new IllegalArgumentException(
                    "conv2d: %s %d; it must be at least %d"
                            .formatted(name, Math.min(first, second), least));
        }
    }
}
