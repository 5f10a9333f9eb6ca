package athanor.kernels.matmul;

import java.util.Arrays;

/// Where the numbers of a row of A lie: pieces without a gap, each at a distance from the start of
/// the row. A matrix has one run; a filter that reads an image has one for each of its lines, or
/// one for each of its taps.
public final class Runs {
    private final int longest;
    private int[] shifts = new int[4];
    private int[] depths = new int[4];
    private int count;
    private int depth;

    /// @param columns of the product: the more they are, the shorter the runs, so that what B has
    /// for one stays in cache
    public Runs(int columns) {
        longest = Tiles.blockDepth(columns);
    }

    /// Adds numbers behind those there are; joins them to the last run where they follow it in
    /// memory.
    public Runs add(int shift, int length) {
        int done = 0;
        if (count > 0 && shifts[count - 1] + depths[count - 1] == shift) {
            done = Math.min(length, longest - depths[count - 1]);
            depths[count - 1] += done;
        }
        while (done < length) {
            if (count == shifts.length) {
                shifts = Arrays.copyOf(shifts, 2 * count);
                depths = Arrays.copyOf(depths, 2 * count);
            }
            shifts[count] = shift + done;
            depths[count] = Math.min(length - done, longest);
            done += depths[count++];
        }
        depth += length;
        return this;
    }

    public int count() {
        return count;
    }

    /// The length of all.
    public int depth() {
        return depth;
    }

    int shift(int run) {
        return shifts[run];
    }

    int depth(int run) {
        return depths[run];
    }
}
