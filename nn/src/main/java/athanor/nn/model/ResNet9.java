package athanor.nn.model;

import athanor.engine.Conv2dOptions;
import athanor.engine.Tensor;
import athanor.nn.AdaptiveMaxPool2d;
import athanor.nn.BatchNorm2d;
import athanor.nn.Conv2d;
import athanor.nn.Flatten;
import athanor.nn.GraphWriter;
import athanor.nn.Initializer;
import athanor.nn.Linear;
import athanor.nn.MaxPool2d;
import athanor.nn.Module;
import athanor.nn.Residual;
import athanor.nn.Sequential;

/// The small residual network that won DAWNBench on CIFAR-10: Page, "How to Train Your ResNet",
/// 2018. Eight convolutions and a classifier whose logits are scaled by 1/8.
public final class ResNet9 extends Module {
    private static final double LOGIT_SCALE = 0.125;

    private final Sequential features;
    private final Linear fc;

    /// max(norm(conv3x3(x)), 0).
    private static final class Layer extends Module {
        private final Conv2d conv;
        private final BatchNorm2d norm;

        Layer(int in, int out) {
            Conv2dOptions options = Conv2dOptions.DEFAULT.padding(1);
            Initializer initializer = Initializer.kaimingUniform(Math.sqrt(5));
            conv = child("conv", new Conv2d(in, out, 3, options, false, initializer));
            norm = child("norm", new BatchNorm2d(out));
        }

        @Override
        protected Tensor compute(Tensor x) {
            return norm.relu(conv, x);
        }

        @Override
        public String writeTo(GraphWriter graph, String x) {
            return norm.writeRelu(graph, conv, x);
        }
    }

    public ResNet9(int channels, int classes) {
        features =
                child(
                        "features",
                        new Sequential(
                                new Layer(channels, 64),
                                new Layer(64, 128),
                                new MaxPool2d(2, 2, 0),
                                twoLayers(128),
                                new Layer(128, 256),
                                new MaxPool2d(2, 2, 0),
                                new Layer(256, 512),
                                new MaxPool2d(2, 2, 0),
                                twoLayers(512),
                                new AdaptiveMaxPool2d(1, 1),
                                new Flatten()));
        Initializer initializer = Initializer.kaimingUniform(Math.sqrt(5));
        fc = child("fc", new Linear(512, classes, false, initializer));
    }

    private static Residual twoLayers(int width) {
        return new Residual(new Sequential(new Layer(width, width), new Layer(width, width)));
    }

    @Override
    protected Tensor compute(Tensor x) {
        return fc.forward(features.forward(x)).mul(LOGIT_SCALE);
    }

    @Override
    public String writeTo(GraphWriter graph, String x) {
        String logits = fc.writeTo(graph, features.writeTo(graph, x));
        return graph.add("Mul", logits, graph.constant(LOGIT_SCALE));
    }
}
