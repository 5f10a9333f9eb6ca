package athanor.kernels.optimize;

/// One step of stochastic gradient descent, as PyTorch defines it: `g = gradient + weightDecay
/// parameter`; the velocity becomes g in the first step, later `momentum velocity + g`; the
/// parameter moves by `-learningRate` times the velocity (with Nesterov, times `g + momentum
/// velocity`; without momentum, times g).
public record SgdStep(
        double learningRate, double momentum, double weightDecay, boolean nesterov, boolean first)
        implements UpdateRule {}
