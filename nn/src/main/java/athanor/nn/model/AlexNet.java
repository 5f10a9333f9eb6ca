package athanor.nn.model;

import athanor.engine.Conv2dOptions;
import athanor.engine.Tensor;
import athanor.nn.Activation;
import athanor.nn.AdaptiveAveragePool2d;
import athanor.nn.Conv2d;
import athanor.nn.Dropout;
import athanor.nn.Flatten;
import athanor.nn.GraphWriter;
import athanor.nn.Linear;
import athanor.nn.MaxPool2d;
import athanor.nn.Module;
import athanor.nn.Sequential;

/// The network that began it all: Krizhevsky, Sutskever, Hinton 2012, in the form of Krizhevsky,
/// "One weird trick", 2014, as torchvision has it, with its names. For images of 224x224.
public final class AlexNet extends Module {
    private final Sequential features;
    private final AdaptiveAveragePool2d average;
    private final Sequential classifier;

    public AlexNet(int channels, int classes) {
        features =
                child(
                        "features",
                        new Sequential(
                                new Conv2d(channels, 64, 11, moves(4, 2)),
                                Activation.relu(),
                                new MaxPool2d(3, 2, 0),
                                new Conv2d(64, 192, 5, moves(1, 2)),
                                Activation.relu(),
                                new MaxPool2d(3, 2, 0),
                                new Conv2d(192, 384, 3, moves(1, 1)),
                                Activation.relu(),
                                new Conv2d(384, 256, 3, moves(1, 1)),
                                Activation.relu(),
                                new Conv2d(256, 256, 3, moves(1, 1)),
                                Activation.relu(),
                                new MaxPool2d(3, 2, 0)));
        average = child("avgpool", new AdaptiveAveragePool2d(6, 6));
        classifier =
                child(
                        "classifier",
                        new Sequential(
                                new Dropout(0.5),
                                new Linear(256 * 6 * 6, 4096),
                                Activation.relu(),
                                new Dropout(0.5),
                                new Linear(4096, 4096),
                                Activation.relu(),
                                new Linear(4096, classes)));
    }

    /// A network of two convolutions after AlexNet's first two, and three small linear layers, for
    /// images of `side` x `side` pixels.
    public static Sequential simple(int channels, int side, int classes) {
        int convolved = (side + 2 * 2 - 11) / 4 + 1;
        int pooled = pooled(pooled(convolved));
        return new Sequential(
                new Conv2d(channels, 64, 11, moves(4, 2)),
                Activation.relu(),
                new MaxPool2d(3, 2, 0),
                new Conv2d(64, 192, 5, moves(1, 2)),
                Activation.relu(),
                new MaxPool2d(3, 2, 0),
                new Flatten(),
                new Linear(192 * pooled * pooled, 256),
                Activation.relu(),
                new Dropout(0.5),
                new Linear(256, 128),
                Activation.relu(),
                new Dropout(0.5),
                new Linear(128, classes));
    }

    @Override
    protected Tensor compute(Tensor x) {
        return classifier.forward(average.forward(features.forward(x)).flatten());
    }

    @Override
    public String writeTo(GraphWriter graph, String x) {
        String image = average.writeTo(graph, features.writeTo(graph, x));
        return classifier.writeTo(graph, graph.add("Flatten", image));
    }

    private static Conv2dOptions moves(int stride, int padding) {
        return Conv2dOptions.DEFAULT.stride(stride).padding(padding);
    }

    private static int pooled(int side) {
        return (side - 3) / 2 + 1;
    }
}
