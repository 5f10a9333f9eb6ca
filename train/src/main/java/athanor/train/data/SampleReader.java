package athanor.train.data;

import athanor.kernels.random.PhiloxKey;
import java.util.ArrayList;
import java.util.List;

/// Reads, augments and normalizes single samples. One thread's tool: it owns the arrays in between.
final class SampleReader {
    private final Dataset dataset;
    private final PhiloxKey epoch;
    private final List<Augmentation.Transform> transforms = new ArrayList<>();
    private final byte[] first;
    private final byte[] second;
    private final float[] table;
    private final ImageShape output;

    /// `epoch` is the key of an epoch's augmentation; a sample's own is derived from it.
    SampleReader(
            Dataset dataset,
            Augmentation augmentation,
            Normalization normalization,
            PhiloxKey epoch) {
        this.dataset = dataset;
        this.epoch = epoch;
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
        dataset.read(index, first);
        byte[] pixels = first;
        byte[] spare = second;
        PhiloxKey sample = epoch.derive(index);
        for (int i = 0; i < transforms.size(); i++) {
            if (transforms.get(i).apply(pixels, spare, sample.derive(i))) {
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
