package athanor.train.data;

/// Normalized images (NHWC, image behind image) and their labels. The arrays are used again after
/// [#close], and are longer than [#size] asks for in a short last batch.
public final class Batch implements AutoCloseable {
    private final Batches owner;
    private final ImageShape shape;
    private final float[] images;
    private final int[] labels;
    private int number;

    /// Whether the caller has it; the owner's to change.
    boolean lent;

    private int size;
    private int own;
    private int whole;

    Batch(Batches owner, ImageShape shape, int capacity) {
        this.owner = owner;
        this.shape = shape;
        images = new float[capacity * shape.size()];
        labels = new int[capacity];
    }

    void holds(int number, int size, int own, int whole) {
        this.number = number;
        this.size = size;
        this.own = own;
        this.whole = whole;
    }

    /// The place of this batch in its epoch, from 0.
    public int number() {
        return number;
    }

    /// The number of images.
    public int size() {
        return size;
    }

    /// The images of this batch on all ranks together.
    public int wholeSize() {
        return whole;
    }

    /// What a mean over these images counts in the mean over the whole batch: 1 where one rank has
    /// all.
    public double weight() {
        return (double) own / whole;
    }

    /// The shape of one image.
    public ImageShape shape() {
        return shape;
    }

    public float[] images() {
        return images;
    }

    public int[] labels() {
        return labels;
    }

    /// Gives the arrays back when they have been read.
    @Override
    public void close() {
        owner.recycle(this);
    }
}
