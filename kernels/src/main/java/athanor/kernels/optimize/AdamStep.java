package athanor.kernels.optimize;

/// Step number `step` (from 1) of Adam (Kingma and Ba 2015), or with `decoupled` of AdamW
/// (Loshchilov and Hutter 2019), as PyTorch defines them: `m = beta1 m + (1 - beta1) g`, `v = beta2
/// v + (1 - beta2) g^2`, and the parameter moves by `-learningRate / (1 - beta1^step) * m / (sqrt(v
/// / (1 - beta2^step)) + epsilon)`. Weight decay adds `weightDecay parameter` to g, or decoupled,
/// first scales the parameter by `1 - learningRate weightDecay`.
public record AdamStep(
        double learningRate,
        double beta1,
        double beta2,
        double epsilon,
        double weightDecay,
        boolean decoupled,
        int step)
        implements UpdateRule {}
