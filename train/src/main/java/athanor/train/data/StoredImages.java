package athanor.train.data;

import java.util.List;

/// A data set that lies in memory, image behind image.
record StoredImages(
        String name, List<String> classNames, ImageShape shape, byte[] pixels, byte[] labels)
        implements Dataset {
    @Override
    public int size() {
        return labels.length;
    }

    @Override
    public int label(int index) {
        return labels[index] & 0xff;
    }

    @Override
    public void read(int index, byte[] into) {
        int length = shape.size();
        System.arraycopy(pixels, index * length, into, 0, length);
    }
}
