package athanor.nn;

import athanor.engine.Tensor;

/// The largest element of each window of `kernel` x `kernel`.
public final class MaxPool2d extends Module {
    private final int kernel;
    private final int stride;
    private final int padding;

    public MaxPool2d(int kernel, int stride, int padding) {
        this.kernel = kernel;
        this.stride = stride;
        this.padding = padding;
    }

    @Override
    protected Tensor compute(Tensor x) {
        return x.maxPool(kernel, stride, padding);
    }
}
