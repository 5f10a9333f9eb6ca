package athanor.kernels.convolve;

import java.util.Arrays;

/// Images `[N, height, width, depth]` as a filter reads them: with zeros around. `top` and `left`
/// are the zeros before the first line and column; `paddedHeight` and `paddedWidth` are how far the
/// filter reaches, zeros included, which may be short of the image's end.
record PaddedImages(
        int height, int width, int depth, int top, int left, int paddedHeight, int paddedWidth) {
    PaddedImages {
        // Where no zero is read, the images themselves serve, and lines are as long as they are.
        if (top == 0 && left == 0 && paddedHeight <= height && paddedWidth <= width) {
            paddedHeight = height;
            paddedWidth = width;
        }
    }

    boolean isCopied() {
        return top > 0 || left > 0 || paddedHeight != height || paddedWidth != width;
    }

    int lineLength() {
        return paddedWidth * depth;
    }

    /// Copies lines `from` to `to` of image n, counted with the zeros above it, to the target.
    void copyLines(float[] images, int n, int from, int to, float[] target, int offset) {
        int columns = Math.min(width, paddedWidth - left);
        for (int line = from; line < to; line++) {
            int start = offset + (line - from) * lineLength();
            int h = line - top;
            if (h < 0 || h >= height) {
                Arrays.fill(target, start, start + lineLength(), 0);
                continue;
            }
            int first = start + left * depth;
            Arrays.fill(target, start, first, 0);
            System.arraycopy(
                    images, (n * height + h) * width * depth, target, first, columns * depth);
            Arrays.fill(target, first + columns * depth, start + lineLength(), 0);
        }
    }
}
