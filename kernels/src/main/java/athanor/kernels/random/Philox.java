package athanor.kernels.random;

import athanor.kernels.parallel.Parallel;

/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011): ten rounds of multiplication turn a counter of
/// 128 bits into 128 random ones, so that number i of a row is found without those before it.
/// Number i is word i % 4 of block i / 4; the counter holds the block's number in its low half and
/// the key's stream in its high half.
public final class Philox {
    private static final long MULTIPLIER_0 = 0xD2511F53L;
    private static final long MULTIPLIER_1 = 0xCD9E8D57L;
    /// The golden ratio and sqrt(3) - 1, by which the key moves on after each round.
    private static final int WEYL_0 = 0x9E3779B9;

    private static final int WEYL_1 = 0xBB67AE85;
    private static final int ROUNDS = 10;
    /// A piece of a row; a multiple of 4.
    private static final int PIECE = 4096;

    private Philox() {}

    /// The four words for the block, in `words[at]` to `words[at + 3]`.
    public static void block(PhiloxKey key, long block, int[] words, int at) {
        int c0 = (int) block;
        int c1 = (int) (block >>> 32);
        int c2 = (int) key.stream();
        int c3 = (int) (key.stream() >>> 32);
        int k0 = (int) key.key();
        int k1 = (int) (key.key() >>> 32);
        for (int round = 0; round < ROUNDS; round++) {
            long left = MULTIPLIER_0 * (c0 & 0xFFFFFFFFL);
            long right = MULTIPLIER_1 * (c2 & 0xFFFFFFFFL);
            c0 = (int) (right >>> 32) ^ c1 ^ k0;
            c1 = (int) right;
            c2 = (int) (left >>> 32) ^ c3 ^ k1;
            c3 = (int) left;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        words[at] = c0;
        words[at + 1] = c1;
        words[at + 2] = c2;
        words[at + 3] = c3;
    }

    /// Number `index` of the row: 32 random bits.
    public static int bits(PhiloxKey key, long index) {
        int[] words = new int[4];
        block(key, index >>> 2, words, 0);
        return words[(int) (index & 3)];
    }

    /// In [0, 1), a multiple of 2^-24.
    public static float uniform(PhiloxKey key, long index) {
        return toUniform(bits(key, index));
    }

    /// In 0 <= number < bound; a number's probability is within 2^-32 of 1 / bound.
    public static int below(PhiloxKey key, long index, int bound) {
        return (int) (((bits(key, index) & 0xFFFFFFFFL) * bound) >>> 32);
    }

    /// Standard normal, by Box and Muller: words 0 and 1 of a block make numbers 0 and 1, words 2
    /// and 3 the other two.
    public static float normal(PhiloxKey key, long index) {
        int[] words = new int[4];
        block(key, index >>> 2, words, 0);
        return toNormal(words, (int) (index & 3));
    }

    /// The numbers 0 to n - 1 in random order, by Fisher and Yates.
    public static int[] permutation(PhiloxKey key, int n) {
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            int j = below(key, i, i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    /// `y[i] = uniform(key, i)` for i < n.
    public static void uniform(PhiloxKey key, float[] y, int n) {
        Parallel.range(
                n,
                PIECE,
                (from, to) -> {
                    int[] words = words(key, from, to);
                    for (int i = from; i < to; i++) {
                        y[i] = toUniform(words[i - from]);
                    }
                });
    }

    /// `y[i] = normal(key, i)` for i < n.
    public static void normal(PhiloxKey key, float[] y, int n) {
        Parallel.range(
                n,
                PIECE,
                (from, to) -> {
                    int[] words = words(key, from, to);
                    for (int i = from; i < to; i++) {
                        y[i] = toNormal(words, i - from);
                    }
                });
    }

    /// `y[i] = uniform(key, i) < probability ? 0 : 1 / (1 - probability)` for i < n.
    public static void dropoutMask(PhiloxKey key, double probability, float[] y, int n) {
        float kept = (float) (1 / (1 - probability));
        Parallel.range(
                n,
                PIECE,
                (from, to) -> {
                    int[] words = words(key, from, to);
                    for (int i = from; i < to; i++) {
                        y[i] = toUniform(words[i - from]) < probability ? 0 : kept;
                    }
                });
    }

    private static int[] words(PhiloxKey key, int from, int to) {
        int[] words = new int[(to - from + 3) & -4];
        for (int i = 0; i < words.length; i += 4) {
            block(key, (from + i) >> 2, words, i);
        }
        return words;
    }

    private static float toUniform(int bits) {
        return (bits >>> 8) * 0x1p-24f;
    }

    private static float toNormal(int[] words, int at) {
        int first = at & -2;
        double radius = Math.sqrt(-2 * StrictMath.log(((words[first] >>> 8) + 1) * 0x1p-24));
        double angle = 2 * Math.PI * ((words[first + 1] >>> 8) * 0x1p-24);
        return (float) (radius * (at == first ? StrictMath.cos(angle) : StrictMath.sin(angle)));
    }
}
