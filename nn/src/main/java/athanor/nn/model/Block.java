package athanor.nn.model;

import athanor.engine.Conv2dOptions;
import athanor.engine.Tensor;
import athanor.nn.BatchNorm2d;
import athanor.nn.Conv2d;
import athanor.nn.GraphWriter;
import athanor.nn.Initializer;
import athanor.nn.Module;
import athanor.nn.StochasticDepth;
import java.util.Optional;

/// The two building blocks of residual networks (figure 5 of He et al. 2015): convolutions whose
/// result is added to a shortcut: the input itself, or its projection where the shape changes.
abstract class Block extends Module {
    /// Which block, and how many times wider than its width its result is.
    enum Kind {
        BASIC(1),
        BOTTLENECK(4);

        final int expansion;

        Kind(int expansion) {
            this.expansion = expansion;
        }

        Module make(int in, int width, int stride) {
            return switch (this) {
                case BASIC -> new Basic(in, width, stride);
                case BOTTLENECK -> new Bottleneck(in, width, stride);
            };
        }
    }

    private final StochasticDepth depth = child("depth", new StochasticDepth());

    static Conv2d convolution(int in, int out, int kernel, int stride) {
        Conv2dOptions options = Conv2dOptions.DEFAULT.stride(stride).padding(kernel / 2);
        Initializer initializer = Initializer.kaimingNormal(Initializer.Fan.OUT);
        return new Conv2d(in, out, kernel, options, false, initializer);
    }

    /// The norm whose result is added to the shortcut.
    abstract BatchNorm2d lastNorm();

    /// max(norm(conv(h)) + shortcut, 0), the first summand now and then left out.
    final Tensor joined(Conv2d conv, Tensor h, Tensor shortcut) {
        return depth.isActive()
                ? depth.forward(lastNorm().of(conv, h)).add(shortcut).relu()
                : lastNorm().addRelu(conv, h, shortcut);
    }

    /// max(h + shortcut, 0).
    private static String writeSum(
            GraphWriter graph, String h, Optional<Projection> downsample, String x) {
        String shortcut = downsample.map(projection -> projection.writeTo(graph, x)).orElse(x);
        return graph.add("Relu", graph.add("Add", h, shortcut));
    }

    /// y = norm(conv1x1(x)): the input in the shape of the output.
    private static final class Projection extends Module {
        private final Conv2d conv;
        private final BatchNorm2d norm;

        Projection(int in, int out, int stride) {
            conv = child("0", convolution(in, out, 1, stride));
            norm = child("1", new BatchNorm2d(out));
        }

        static Optional<Projection> ifNeeded(int in, int out, int stride) {
            return in == out && stride == 1
                    ? Optional.empty()
                    : Optional.of(new Projection(in, out, stride));
        }

        @Override
        protected Tensor compute(Tensor x) {
            return norm.of(conv, x);
        }

        @Override
        public String writeTo(GraphWriter graph, String x) {
            return norm.writeTo(graph, conv, x);
        }
    }

    /// 3x3, 3x3.
    private static final class Basic extends Block {
        private final Conv2d conv1;
        private final BatchNorm2d bn1;
        private final Conv2d conv2;
        private final BatchNorm2d bn2;
        private final Optional<Projection> downsample;

        Basic(int in, int width, int stride) {
            conv1 = child("conv1", convolution(in, width, 3, stride));
            bn1 = child("bn1", new BatchNorm2d(width));
            conv2 = child("conv2", convolution(width, width, 3, 1));
            bn2 = child("bn2", new BatchNorm2d(width));
            downsample = Projection.ifNeeded(in, width, stride);
            downsample.ifPresent(projection -> child("downsample", projection));
        }

        @Override
        BatchNorm2d lastNorm() {
            return bn2;
        }

        @Override
        protected Tensor compute(Tensor x) {
            Tensor h = bn1.relu(conv1, x);
            Tensor shortcut = downsample.map(projection -> projection.forward(x)).orElse(x);
            return joined(conv2, h, shortcut);
        }

        @Override
        public String writeTo(GraphWriter graph, String x) {
            String h = bn2.writeTo(graph, conv2, bn1.writeRelu(graph, conv1, x));
            return writeSum(graph, h, downsample, x);
        }
    }

    /// 1x1, 3x3, 1x1; the last one widens by 4.
    private static final class Bottleneck extends Block {
        private final Conv2d conv1;
        private final BatchNorm2d bn1;
        private final Conv2d conv2;
        private final BatchNorm2d bn2;
        private final Conv2d conv3;
        private final BatchNorm2d bn3;
        private final Optional<Projection> downsample;

        Bottleneck(int in, int width, int stride) {
            int out = Kind.BOTTLENECK.expansion * width;
            conv1 = child("conv1", convolution(in, width, 1, 1));
            bn1 = child("bn1", new BatchNorm2d(width));
            conv2 = child("conv2", convolution(width, width, 3, stride));
            bn2 = child("bn2", new BatchNorm2d(width));
            conv3 = child("conv3", convolution(width, out, 1, 1));
            bn3 = child("bn3", new BatchNorm2d(out));
            downsample = Projection.ifNeeded(in, out, stride);
            downsample.ifPresent(projection -> child("downsample", projection));
        }

        @Override
        BatchNorm2d lastNorm() {
            return bn3;
        }

        @Override
        protected Tensor compute(Tensor x) {
            Tensor narrow = bn1.relu(conv1, x);
            Tensor h = bn2.relu(conv2, narrow);
            narrow.release();
            Tensor shortcut = downsample.map(projection -> projection.forward(x)).orElse(x);
            return joined(conv3, h, shortcut);
        }

        @Override
        public String writeTo(GraphWriter graph, String x) {
            String h = bn2.writeRelu(graph, conv2, bn1.writeRelu(graph, conv1, x));
            return writeSum(graph, bn3.writeTo(graph, conv3, h), downsample, x);
        }
    }
}
