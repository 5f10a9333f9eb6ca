package athanor.train.data;

/// One rank's part of every batch: images that lie side by side in it, as many as any other's or
/// one more. Together the parts are the batch, whatever the number of ranks.
///
/// A batch of fewer images than ranks leaves some with none of their own. They get its first image
/// again, which does not count ([Batch#weight] is 0): every rank has something to compute.
public record Part(int rank, int ranks) {
    public static final Part ALL = new Part(0, 1);

    public Part {
        if (rank < 0 || rank >= ranks) {
            throw new IllegalArgumentException("rank %d of %d".formatted(rank, ranks));
        }
    }

    /// Where the part of a batch of n images begins.
    int from(int n) {
        return (int) ((long) n * rank / ranks);
    }

    /// How many of n images are in it.
    int count(int n) {
        return (int) ((long) n * (rank + 1) / ranks) - from(n);
    }

    /// The most images that a part of n has.
    public int most(int n) {
        return Math.max(1, (n + ranks - 1) / ranks);
    }
}
