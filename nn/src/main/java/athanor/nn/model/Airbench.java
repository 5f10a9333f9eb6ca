package athanor.nn.model;

import athanor.engine.Conv2dOptions;
import athanor.engine.HostBuffer;
import athanor.engine.Tensor;
import athanor.nn.Activation;
import athanor.nn.BatchNorm2d;
import athanor.nn.Conv2d;
import athanor.nn.Eigenvectors;
import athanor.nn.Flatten;
import athanor.nn.GraphWriter;
import athanor.nn.Initializer;
import athanor.nn.Linear;
import athanor.nn.MaxPool2d;
import athanor.nn.Module;
import java.util.List;

/// The network that reaches 94 % on CIFAR-10 with the least work: Jordan, "94% on CIFAR-10 in 3.29
/// Seconds on a Single GPU", 2024.
///
/// ```
/// whiten  2x2, 24 fixed filters from the data, GELU                          31x31
/// block1  3x3, 64, max pool, norm, GELU, 3x3, 64, norm, GELU                 15x15
/// block2  3x3, 256, max pool, norm, GELU, 3x3, 256, norm, GELU               7x7
/// block3  the same                                                           3x3
/// max pool 3x3, linear, scaled by 1/9
/// ```
///
/// Norms only shift. 3x3 filters begin as the identity as far as there are input channels.
public final class Airbench extends Module implements FitsData {
    private static final double LOGIT_SCALE = 1.0 / 9;
    private static final double NORM_MOMENTUM = 0.4;
    private static final double EPSILON = 5e-4;
    private static final int SIDE = 2;

    private final Conv2d whiten;
    private final Block block1;
    private final Block block2;
    private final Block block3;
    private final Module pool = child("pool", new MaxPool2d(3, 3, 0));
    private final Module flatten = child("flatten", new Flatten());
    private final Linear fc;
    private final int channels;

    /// Images are of 32x32 pixels.
    public Airbench(int channels, int classes) {
        this.channels = channels;
        int patch = SIDE * SIDE * channels;
        whiten = child("whiten", new Conv2d(channels, 2 * patch, SIDE, Conv2dOptions.DEFAULT));
        whiten.fixWeight();
        block1 = child("block1", new Block(2 * patch, 64));
        block2 = child("block2", new Block(64, 256));
        block3 = child("block3", new Block(256, 256));
        Initializer usual = Initializer.kaimingUniform(Math.sqrt(5));
        fc = child("fc", new Linear(256, classes, false, usual));
    }

    private static final class Block extends Module {
        private final Conv2d conv1;
        private final Module pool = child("pool", new MaxPool2d(2, 2, 0));
        private final BatchNorm2d norm1;
        private final Conv2d conv2;
        private final BatchNorm2d norm2;

        Block(int in, int out) {
            conv1 = child("conv1", convolution(in, out));
            norm1 = child("norm1", new BatchNorm2d(out, NORM_MOMENTUM).fixedScale());
            conv2 = child("conv2", convolution(out, out));
            norm2 = child("norm2", new BatchNorm2d(out, NORM_MOMENTUM).fixedScale());
        }

        private static Conv2d convolution(int in, int out) {
            Conv2dOptions padded = Conv2dOptions.DEFAULT.padding(1);
            return new Conv2d(in, out, 3, padded, false, Initializer.partialIdentity());
        }

        @Override
        protected Tensor compute(Tensor x) {
            Tensor h = norm1.forward(pool.forward(conv1.forward(x))).gelu();
            return norm2.of(conv2, h).gelu();
        }

        @Override
        public String writeTo(GraphWriter graph, String x) {
            String pooled = pool.writeTo(graph, conv1.writeTo(graph, x));
            String h = Activation.writeGelu(graph, norm1.writeTo(graph, pooled));
            return Activation.writeGelu(graph, norm2.writeTo(graph, conv2, h));
        }
    }

    @Override
    protected Tensor compute(Tensor x) {
        Tensor h = whiten.forward(x).gelu();
        Tensor features = block3.forward(block2.forward(block1.forward(h)));
        return fc.forward(flatten.forward(pool.forward(features))).mul(LOGIT_SCALE);
    }

    @Override
    public String writeTo(GraphWriter graph, String x) {
        String current = Activation.writeGelu(graph, whiten.writeTo(graph, x));
        for (Module layer : List.of(block1, block2, block3, pool, flatten, fc)) {
            current = layer.writeTo(graph, current);
        }
        return graph.add("Mul", current, graph.constant(LOGIT_SCALE));
    }

    /// Sets the first filters to the eigenvectors of the 2x2 patches of the images, each divided by
    /// the root of its eigenvalue, and to their negatives: their outputs are uncorrelated and of
    /// variance 1.
    @Override
    public void fit(float[] images, int count, int height, int width) {
        int size = SIDE * SIDE * channels;
        double[][] covariance = new double[size][size];
        float[] patch = new float[size];
        int row = SIDE * channels;
        for (int i = 0; i < count; i++) {
            for (int y = 0; y + SIDE <= height; y++) {
                for (int x = 0; x + SIDE <= width; x++) {
                    for (int r = 0; r < SIDE; r++) {
                        int at = ((i * height + y + r) * width + x) * channels;
                        System.arraycopy(images, at, patch, r * row, row);
                    }
                    addProducts(patch, covariance);
                }
            }
        }
        double patches = (double) count * (height - SIDE + 1) * (width - SIDE + 1);
        for (int a = 0; a < size; a++) {
            for (int b = 0; b <= a; b++) {
                covariance[a][b] /= patches;
                covariance[b][a] = covariance[a][b];
            }
        }
        Eigenvectors eigen = Eigenvectors.of(covariance);
        float[] filters = new float[2 * size * size];
        for (int k = 0; k < size; k++) {
            for (int i = 0; i < size; i++) {
                double value = eigen.vectors()[k][i] / Math.sqrt(eigen.values()[k] + EPSILON);
                filters[k * size + i] = (float) value;
                filters[(size + k) * size + i] = (float) -value;
            }
        }
        whiten.parameter("weight").assign(HostBuffer.of(filters));
    }

    private static void addProducts(float[] patch, double[][] sums) {
        for (int a = 0; a < patch.length; a++) {
            for (int b = 0; b <= a; b++) {
                sums[a][b] += (double) patch[a] * patch[b];
            }
        }
    }
}
