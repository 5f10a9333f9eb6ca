package athanor.train.data;

import java.util.List;

/// Labelled images, all of one shape, numbered from 0. Any number of threads may read at once.
public interface Dataset {
    String name();

    /// The number of samples.
    int size();

    /// What the labels mean, in their order.
    List<String> classNames();

    ImageShape shape();

    /// The class of a sample: 0 to classes() - 1.
    int label(int index);

    /// Writes the image of a sample to the front of `pixels`: bytes without sign (0 to 255), row by
    /// row, channels innermost.
    void read(int index, byte[] pixels);

    /// What is wrong with images that could not be read so far; others were read in their place.
    default List<String> problems() {
        return List.of();
    }

    default int classes() {
        return classNames().size();
    }

    default int channels() {
        return shape().channels();
    }

    default int height() {
        return shape().height();
    }

    default int width() {
        return shape().width();
    }
}
