package athanor.kernels.convolve;

import athanor.kernels.matmul.Epilogue;
import athanor.kernels.matmul.Panels;
import athanor.kernels.parallel.Scratch;

/// Square windows of images `[N, height, width, depth]`, one every `step` lines and columns, which
/// may reach beyond the borders, where images are 0: what the tiles of [Winograd] read and write.
///
/// @param top how far the first window starts above the image; `left` alike
record Windows(
        int height,
        int width,
        int depth,
        int side,
        int step,
        int top,
        int left,
        int tilesHigh,
        int tilesWide) {

    /// As many windows as cover outputs of that height and width.
    static Windows covering(
            int outHeight,
            int outWidth,
            int height,
            int width,
            int depth,
            int side,
            int step,
            int top,
            int left) {
        int tilesHigh = (outHeight + step - 1) / step;
        int tilesWide = (outWidth + step - 1) / step;
        return new Windows(height, width, depth, side, step, top, left, tilesHigh, tilesWide);
    }

    int tilesPerImage() {
        return tilesHigh * tilesWide;
    }

    int firstLine(int tile) {
        return tile % tilesPerImage() / tilesWide * step - top;
    }

    int firstColumn(int tile) {
        return tile % tilesWide * step - left;
    }

    boolean isInside(int tile) {
        int line = firstLine(tile);
        int column = firstColumn(tile);
        return line >= 0 && column >= 0 && line + side <= height && column + side <= width;
    }

    /// Where in the images a window starts that [#isInside].
    int offset(int tile) {
        return offset(tile, firstLine(tile), firstColumn(tile));
    }

    private int offset(int tile, int line, int column) {
        return ((tile / tilesPerImage() * height + line) * width + column) * depth;
    }

    /// Copies a window, `channels` of it from `channel` on, to `[side, side, window depth]`: zeros
    /// are where it leaves the image; what lies behind the channels is not defined.
    void read(
            float[] images, int tile, int channel, int channels, float[] window, int windowDepth) {
        int firstLine = firstLine(tile);
        int firstColumn = firstColumn(tile);
        for (int i = 0; i < side; i++) {
            int line = firstLine + i;
            int start = offset(tile, line, firstColumn) + channel;
            for (int j = 0; j < side; j++) {
                int column = firstColumn + j;
                int target = (i * side + j) * windowDepth;
                if (line < 0 || line >= height || column < 0 || column >= width) {
                    Panels.zero(1, windowDepth, window, target, windowDepth);
                } else {
                    Panels.copyRun(images, start + j * depth, channels, window, target);
                }
            }
        }
    }

    /// Copies what of `[side, side, window depth]` lies within the image to the channels from
    /// `channel` on.
    void write(
            float[] window, int windowDepth, int tile, int channel, int channels, float[] images) {
        int firstLine = firstLine(tile);
        int firstColumn = firstColumn(tile);
        int to = Math.min(width, firstColumn + side);
        for (int i = 0; i < Math.min(side, height - firstLine); i++) {
            for (int column = firstColumn; column < to; column++) {
                System.arraycopy(
                        window,
                        (i * side + column - firstColumn) * windowDepth,
                        images,
                        offset(tile, firstLine + i, column) + channel,
                        channels);
            }
        }
    }

    /// Does the same to the channels of each place of a window that lies within the image.
    void finish(float[] images, int tile, int channel, int channels, Epilogue epilogue, int piece) {
        int firstLine = firstLine(tile);
        int firstColumn = firstColumn(tile);
        int to = Math.min(width, firstColumn + side);
        int[] places = Scratch.ints(Scratch.Use.WINDOW, (long) side * side);
        int count = 0;
        for (int line = firstLine; line < Math.min(firstLine + side, height); line++) {
            for (int column = firstColumn; column < to; column++) {
                places[count++] = offset(tile, line, column);
            }
        }
        epilogue.apply(piece, images, channel, places, 0, count, channels);
    }
}
