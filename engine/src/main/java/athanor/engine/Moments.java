package athanor.engine;

/// The mean and the (biased) variance of each channel, both `[channels]`; constants to the graph.
public record Moments(Tensor mean, Tensor variance) {}
