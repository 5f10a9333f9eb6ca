package athanor.bench.pytorch;

import static org.bytedeco.pytorch.global.torch.batch_norm;
import static org.bytedeco.pytorch.global.torch.conv2d;
import static org.bytedeco.pytorch.global.torch.flatten;
import static org.bytedeco.pytorch.global.torch.linear;
import static org.bytedeco.pytorch.global.torch.max_pool2d;
import static org.bytedeco.pytorch.global.torch.ones;
import static org.bytedeco.pytorch.global.torch.randn;
import static org.bytedeco.pytorch.global.torch.relu;
import static org.bytedeco.pytorch.global.torch.zeros;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch.MemoryFormat;

/// The models of bench/pytorch/models.py, as functions of PyTorch's tensors. Where they only infer,
/// batch norm is folded into the convolution's filters and bias.
final class Network {
    /// What becomes of a batch.
    @FunctionalInterface
    interface Layer {
        Tensor run(Tensor x);

        /// Lets go of what is between as Python does: PyTorch keeps what its graph needs.
        default Layer then(Layer next) {
            return x -> {
                Tensor between = run(x);
                Tensor y = next.run(between);
                release(between, x);
                return y;
            };
        }
    }

    final List<Tensor> parameters = new ArrayList<>();
    final Layer layers;
    private final boolean trains;
    private final MemoryFormat format;

    Network(String model, boolean trains, MemoryFormat format) {
        this.trains = trains;
        this.format = format;
        layers =
                switch (model) {
                    case "resnet18" -> resnet(3, false, false, 2, 2, 2, 2);
                    case "resnet50" -> resnet(3, false, true, 3, 4, 6, 3);
                    case "resnet50-mnist" -> resnet(1, true, true, 3, 4, 6, 3);
                    case "cnn" -> smallCnn();
                    case "simple-alexnet" -> simpleAlexNet();
                    default -> throw new IllegalArgumentException("there is no model " + model);
                };
    }

    /// Channels, height and width of the images.
    static long[] image(String model) {
        return switch (model) {
            case "cnn", "resnet50-mnist" -> new long[] {1, 28, 28};
            case "simple-alexnet" -> new long[] {1, 224, 224};
            default -> new long[] {3, 32, 32};
        };
    }

    private Layer resnet(int channels, boolean stem, boolean bottleneck, int... depths) {
        Layer all =
                stem
                        ? normalized(channels, 64, 7, 2, 3)
                                .then(Network::relued)
                                .then(pool(3, 2, 1))
                        : normalized(channels, 64, 3, 1, 1).then(Network::relued);
        int from = 64;
        for (int stage = 0; stage < depths.length; stage++) {
            int width = 64 << stage;
            int to = bottleneck ? 4 * width : width;
            for (int i = 0; i < depths[stage]; i++) {
                int stride = stage > 0 && i == 0 ? 2 : 1;
                all = all.then(block(from, width, to, stride, bottleneck));
                from = to;
            }
        }
        return all.then(x -> x.mean(2, 3)).then(fullyConnected(from, 10));
    }

    private Layer block(int from, int width, int to, int stride, boolean bottleneck) {
        Layer main =
                bottleneck
                        ? normalized(from, width, 1, 1, 0)
                                .then(Network::relued)
                                .then(normalized(width, width, 3, stride, 1))
                                .then(Network::relued)
                                .then(normalized(width, to, 1, 1, 0))
                        : normalized(from, width, 3, stride, 1)
                                .then(Network::relued)
                                .then(normalized(width, to, 3, 1, 1));
        Layer shortcut = stride != 1 || from != to ? normalized(from, to, 1, stride, 0) : x -> x;
        return x -> {
            Tensor residual = shortcut.run(x);
            Tensor y = main.then(z -> z.add(residual)).then(Network::relued).run(x);
            release(residual, x);
            return y;
        };
    }

    private Layer smallCnn() {
        return convolution(1, 32, 3, 1, 0, true)
                .then(Network::relued)
                .then(pool(2, 2, 0))
                .then(convolution(32, 64, 3, 1, 0, true))
                .then(Network::relued)
                .then(pool(2, 2, 0))
                .then(x -> flatten(x, 1, -1))
                .then(fullyConnected(1600, 128))
                .then(Network::relued)
                .then(fullyConnected(128, 10));
    }

    private Layer simpleAlexNet() {
        return convolution(1, 64, 11, 4, 2, true)
                .then(Network::relued)
                .then(pool(3, 2, 0))
                .then(convolution(64, 192, 5, 1, 2, true))
                .then(Network::relued)
                .then(pool(3, 2, 0))
                .then(x -> flatten(x, 1, -1))
                .then(fullyConnected(192 * 13 * 13, 256))
                .then(Network::relued)
                .then(fullyConnected(256, 128))
                .then(Network::relued)
                .then(fullyConnected(128, 10));
    }

    /// A name that has one meaning; `relu` has several.
    private static Tensor relued(Tensor x) {
        return relu(x);
    }

    private static Layer pool(int size, int stride, int padding) {
        return x -> max_pool2d(x, sides(size), sides(stride), sides(padding), sides(1), false);
    }

    private Layer normalized(int from, int to, int size, int stride, int padding) {
        Layer convolution = convolution(from, to, size, stride, padding, !trains);
        if (!trains) {
            return convolution;
        }
        TensorOptional scale = new TensorOptional(parameter(ones(to)));
        TensorOptional shift = new TensorOptional(parameter(zeros(to)));
        TensorOptional mean = new TensorOptional(zeros(to));
        TensorOptional variance = new TensorOptional(ones(to));
        return convolution.then(
                x -> batch_norm(x, scale, shift, mean, variance, true, 0.1, 1e-5, true));
    }

    private Layer convolution(int from, int to, int size, int stride, int padding, boolean bias) {
        Tensor w = parameter(random(2.0 / (to * size * size), to, from, size, size));
        TensorOptional b = bias ? new TensorOptional(parameter(zeros(to))) : new TensorOptional();
        return x -> conv2d(x, w, b, sides(stride), sides(padding), sides(1), 1);
    }

    private Layer fullyConnected(int from, int to) {
        Tensor w = parameter(random(1.0 / from, to, from));
        TensorOptional b = new TensorOptional(parameter(zeros(to)));
        return x -> linear(x, w, b);
    }

    private Tensor random(double variance, long... shape) {
        Tensor x = randn(shape).mul(new Scalar(Math.sqrt(variance)));
        return shape.length == 4 ? x.contiguous(format) : x;
    }

    private Tensor parameter(Tensor x) {
        x.set_requires_grad(trains);
        parameters.add(x);
        return x;
    }

    private static void release(Tensor between, Tensor x) {
        if (between != x) {
            between.close();
        }
    }

    private static long[] sides(int n) {
        return new long[] {n, n};
    }
}
