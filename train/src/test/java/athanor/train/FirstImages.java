package athanor.train;

import athanor.train.data.Dataset;
import athanor.train.data.ImageShape;
import java.util.List;

/// The front of a data set.
record FirstImages(Dataset whole, int size) implements Dataset {
    @Override
    public String name() {
        return whole.name();
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
        return whole.label(index);
    }

    @Override
    public void read(int index, byte[] pixels) {
        whole.read(index, pixels);
    }
}
