package athanor.train.data;

import athanor.kernels.random.Philox;
import athanor.kernels.random.PhiloxKey;

/// How a data set becomes batches. The order of an epoch and the augmentation of each sample follow
/// from seed and epoch (and sample) alone, so any number of workers gives the same bits.
///
/// @param batchSize images in a batch; the last one of an epoch may be shorter
/// @param shuffle a new order every epoch, or that of the data set
/// @param dropLast leave out a last batch that is not full
/// @param workers threads that prepare batches ahead; 0 prepares each when it is asked for, in the
/// caller's thread
public record DataLoader(
        Dataset dataset,
        Normalization normalization,
        Augmentation augmentation,
        int batchSize,
        boolean shuffle,
        boolean dropLast,
        long seed,
        int workers) {
    public DataLoader {
        if (batchSize < 1 || workers < 0) {
            throw new IllegalArgumentException(
                    "batch size %d, workers %d: at least 1 and 0 are needed"
                            .formatted(batchSize, workers));
        }
        if (normalization.channels() != dataset.channels()) {
            throw new IllegalArgumentException(
                    "%s has images of %d channels, the normalization is for %d"
                            .formatted(
                                    dataset.name(), dataset.channels(), normalization.channels()));
        }
        if (dropLast && dataset.size() < batchSize) {
            throw new DataProblem(
                    dataset.name(),
                    "its " + dataset.size() + " images do not fill one batch of " + batchSize,
                    "choose a smaller --batch-size");
        }
        ImageShape image = augmentation.output(dataset.shape());
        if ((long) batchSize * image.size() > Integer.MAX_VALUE - 8) {
            throw new DataProblem(
                    dataset.name(),
                    "a batch of "
                            + batchSize
                            + " images of "
                            + image
                            + " is more than an array can hold",
                    "choose a smaller --batch-size");
        }
    }

    /// Every sample once, as it is, in the order of the data set.
    public static DataLoader evaluation(
            Dataset dataset, Normalization normalization, int batchSize, int workers) {
        return new DataLoader(
                dataset, normalization, Augmentation.none(), batchSize, false, false, 0, workers);
    }

    /// The shape of one image in a batch.
    public ImageShape shape() {
        return augmentation.output(dataset.shape());
    }

    /// The number of batches in an epoch.
    public int batches() {
        int rest = dataset.size() % batchSize;
        return dataset.size() / batchSize + (rest > 0 && !dropLast ? 1 : 0);
    }

    /// Starts an epoch.
    public Batches epoch(int epoch) {
        return epoch(epoch, 0);
    }

    /// Starts in the middle of an epoch: the batches are those that a full run would see from
    /// `startBatch` on.
    public Batches epoch(int epoch, int startBatch) {
        if (startBatch < 0 || startBatch > batches()) {
            throw new IllegalArgumentException(
                    "start at batch %d: an epoch has %d batches".formatted(startBatch, batches()));
        }
        return new Batches(this, epoch, startBatch);
    }

    /// The sample numbers in the order of an epoch.
    int[] order(int epoch) {
        if (shuffle) {
            return Philox.permutation(
                    PhiloxKey.of(seed).derive("shuffle").derive(epoch), dataset.size());
        }
        int[] order = new int[dataset.size()];
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
        return order;
    }

    /// A reader of samples as an epoch sees them, for one thread.
    SampleReader reader(int epoch) {
        return new SampleReader(
                dataset,
                augmentation,
                normalization,
                PhiloxKey.of(seed).derive("augmentation"),
                epoch);
    }
}
