package athanor.nn.model;

/// What a residual network begins with.
public enum Stem {
    /// A 3x3 convolution: for small images, 32x32.
    CIFAR,
    /// A 7x7 convolution of stride 2 and a 3x3 max pool of stride 2: for large images, 224x224.
    IMAGENET
}
