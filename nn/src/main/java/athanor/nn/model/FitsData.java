package athanor.nn.model;

/// A network some of whose first values follow from images of the training set.
public interface FitsData {
    /// The images are normalized, `[count, height, width, channels]`, and the parameters have their
    /// other first values.
    void fit(float[] images, int count, int height, int width);
}
