package athanor.train.data;

import athanor.kernels.random.PhiloxKey;
import java.util.ArrayList;
import java.util.List;

/// Reads, augments and normalizes single samples. One thread's tool: it owns the arrays in between.
final class SampleReader {
    private final Dataset dataset;
    private final PhiloxKey seed;
    private final int epoch;
    private final List<Augmentation.Transform> transforms = new ArrayList<>();
    private final byte[] first;
    private final byte[] second;
    private final float[] table;
    private final ImageShape output;
    private final boolean cropsFirst;

    /// `seed` is the key of all augmentation; those of an epoch and its samples are derived from
    /// it.
    SampleReader(
            Dataset dataset,
            Augmentation augmentation,
            Normalization normalization,
            PhiloxKey seed,
            int epoch) {
        this.dataset = dataset;
        this.seed = seed;
        this.epoch = epoch;
        cropsFirst =
                dataset instanceof ImageFolder
                        && !augmentation.steps().isEmpty()
                        && augmentation.steps().getFirst()
                                instanceof Augmentation.RandomResizedCrop;
        ImageShape shape = dataset.shape();
        int largest = shape.size();
        for (Augmentation.Step step : augmentation.steps()) {
            transforms.add(step.ready(shape));
            shape = step.output(shape);
            largest = Math.max(largest, shape.size());
        }
        output = shape;
        first = new byte[largest];
        second = new byte[largest];
        table = normalization.table();
    }

    /// Writes one sample's normalized image to `images` from `offset` on.
    void read(int index, float[] images, int offset) {
        PhiloxKey sample = seed.derive(epoch).derive(index);
        byte[] pixels = first;
        byte[] spare = second;
        if (cropsFirst && dataset instanceof ImageFolder folder) {
            folder.readPart(index, first, sample.derive(0));
        } else {
            dataset.read(index, first);
        }
        for (int i = cropsFirst ? 1 : 0; i < transforms.size(); i++) {
            PhiloxKey always = seed.derive("always").derive(index).derive(i);
            Augmentation.Draw draw = new Augmentation.Draw(sample.derive(i), always, epoch);
            if (transforms.get(i).apply(pixels, spare, draw)) {
                byte[] result = spare;
                spare = pixels;
                pixels = result;
            }
        }
        int channels = output.channels();
        int length = output.size();
        for (int c = 0; c < channels; c++) {
            for (int i = c; i < length; i += channels) {
                images[offset + i] = table[256 * c + (pixels[i] & 0xff)];
            }
        }
    }
}
