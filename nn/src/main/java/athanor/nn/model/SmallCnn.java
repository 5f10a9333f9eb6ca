package athanor.nn.model;

import athanor.engine.Conv2dOptions;
import athanor.nn.Activation;
import athanor.nn.Conv2d;
import athanor.nn.Flatten;
import athanor.nn.Linear;
import athanor.nn.MaxPool2d;
import athanor.nn.Sequential;

/// Two convolutions and two linear layers, for digits of 28x28: what every course begins with.
public final class SmallCnn {
    private SmallCnn() {}

    /// For images of `side` x `side` pixels.
    public static Sequential of(int channels, int side, int classes) {
        int pooled = ((side - 2) / 2 - 2) / 2;
        return new Sequential(
                new Conv2d(channels, 32, 3, Conv2dOptions.DEFAULT),
                Activation.relu(),
                new MaxPool2d(2, 2, 0),
                new Conv2d(32, 64, 3, Conv2dOptions.DEFAULT),
                Activation.relu(),
                new MaxPool2d(2, 2, 0),
                new Flatten(),
                new Linear(64 * pooled * pooled, 128),
                Activation.relu(),
                new Linear(128, classes));
    }
}
