package athanor.train.data;

import java.util.List;

/// Some samples of a data set, numbered anew.
record Subset(Dataset whole, int... samples) implements Dataset {
    /// Of the batches that the data set makes in its order, every `ranks`th from `rank` on.
    static Subset everyBatch(Dataset whole, int batchSize, Part part) {
        return new Subset(
                whole,
                java.util.stream.IntStream.range(0, whole.size())
                        .filter(i -> i / batchSize % part.ranks() == part.rank())
                        .toArray());
    }

    @Override
    public String name() {
        return whole.name();
    }

    @Override
    public int size() {
        return samples.length;
    }

    @Override
    public List<String> classNames() {
        return whole.classNames();
    }

    @Override
    public ImageShape shape() {
        return whole.shape();
    }

    @Override
    public int label(int index) {
        return whole.label(samples[index]);
    }

    @Override
    public void read(int index, byte[] pixels) {
        whole.read(samples[index], pixels);
    }
}
