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
}
