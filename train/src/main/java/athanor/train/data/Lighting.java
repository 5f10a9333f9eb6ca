package athanor.train.data;

import athanor.kernels.random.Philox;
import athanor.nn.Eigenvectors;
import java.util.List;

/// Adds to all pixels one colour, `sum of a[k] lambda[k] v[k]`: lambda and v are the eigenvalues
/// and eigenvectors of the colours of the data, a is normal with the deviation. Krizhevsky et al.
/// 2012.
///
/// @param directions of each k, lambda[k] v[k] on a scale of 0 to 255
public record Lighting(double deviation, List<List<Double>> directions)
        implements Augmentation.Step {
    private static final int LOOKED_AT = 1000;

    /// For the colours of the first images of a data set.
    public static Lighting of(double deviation, Dataset dataset) {
        int channels = dataset.channels();
        double[] sums = new double[channels];
        double[][] products = new double[channels][channels];
        byte[] pixels = new byte[dataset.shape().size()];
        int count = Math.min(LOOKED_AT, dataset.size());
        // Spread over the set, which may be sorted by class.
        for (int i = 0; i < count; i++) {
            dataset.read((int) ((long) dataset.size() * i / count), pixels);
            for (int at = 0; at < pixels.length; at += channels) {
                for (int a = 0; a < channels; a++) {
                    sums[a] += pixels[at + a] & 0xff;
                    for (int b = 0; b < channels; b++) {
                        products[a][b] += (pixels[at + a] & 0xff) * (pixels[at + b] & 0xff);
                    }
                }
            }
        }
        double n = (double) count * dataset.height() * dataset.width();
        for (int a = 0; a < channels; a++) {
            for (int b = 0; b < channels; b++) {
                // Of colours between 0 and 1, as in the paper.
                products[a][b] = (products[a][b] / n - sums[a] / n * sums[b] / n) / (255 * 255);
            }
        }
        Eigenvectors eigen = Eigenvectors.of(products);
        List<List<Double>> directions = new java.util.ArrayList<>();
        for (int k = 0; k < channels; k++) {
            List<Double> direction = new java.util.ArrayList<>();
            for (double part : eigen.vectors()[k]) {
                direction.add(255 * eigen.values()[k] * part);
            }
            directions.add(List.copyOf(direction));
        }
        return new Lighting(deviation, List.copyOf(directions));
    }

    @Override
    public ImageShape output(ImageShape input) {
        return input;
    }

    @Override
    public Augmentation.Transform ready(ImageShape shape) {
        int channels = shape.channels();
        return (from, to, draw) -> {
            double[] added = new double[channels];
            for (int k = 0; k < channels; k++) {
                double a = deviation * Philox.normal(draw.key(), k);
                for (int c = 0; c < channels; c++) {
                    added[c] += a * directions.get(k).get(c);
                }
            }
            for (int i = 0; i < shape.size(); i++) {
                int value = (int) Math.round((from[i] & 0xff) + added[i % channels]);
                to[i] = (byte) Math.clamp(value, 0, 255);
            }
            return true;
        };
    }
}
