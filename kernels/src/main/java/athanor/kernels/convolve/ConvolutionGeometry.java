package athanor.kernels.convolve;

/// The sizes of a convolution of images `x [batch, height, width, channels]` with filters `w
/// [filters, filterHeight, filterWidth, channels / groups]` into `y [batch, outputHeight,
/// outputWidth, filters]`:
///
/// `y[n,p,q,k] = sum over r,s,c of x[n, p stride - padding + r dilation, q stride - padding + s
/// dilation, c] w[k,r,s,c]`
///
/// where x is 0 outside the image, and c runs over the channels of the group of filter k.
public record ConvolutionGeometry(
        int batch,
        int height,
        int width,
        int channels,
        int filters,
        int filterHeight,
        int filterWidth,
        int strideHeight,
        int strideWidth,
        int paddingHeight,
        int paddingWidth,
        int dilationHeight,
        int dilationWidth,
        int groups) {

    public int outputHeight() {
        return (height + 2 * paddingHeight - dilationHeight * (filterHeight - 1) - 1) / strideHeight
                + 1;
    }

    public int outputWidth() {
        return (width + 2 * paddingWidth - dilationWidth * (filterWidth - 1) - 1) / strideWidth + 1;
    }

    /// Channels that one filter sees.
    public int groupChannels() {
        return channels / groups;
    }

    /// Filters of one group.
    public int groupFilters() {
        return filters / groups;
    }

    /// Images times output places: the rows of the matrix that y is.
    public int outputRows() {
        return batch * outputHeight() * outputWidth();
    }

    public int filterLength() {
        return filterHeight * filterWidth * groupChannels();
    }

    /// Whether every output place reads exactly the input place of the same number: the convolution
    /// is a matrix product.
    public boolean isPointwise() {
        return filterHeight == 1
                && filterWidth == 1
                && strideHeight == 1
                && strideWidth == 1
                && paddingHeight == 0
                && paddingWidth == 0
                && groups == 1;
    }

    /// Multiplications (each with its addition) of one direction: forward, or either gradient.
    public long multiplyAdds() {
        return (long) outputRows() * filters * filterLength();
    }
}
