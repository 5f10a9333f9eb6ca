package athanor.engine.check;

import athanor.engine.Backend;
import athanor.engine.Buffer;
import athanor.engine.DType;
import athanor.engine.Gate;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.kernels.elementwise.Binary;
import athanor.kernels.elementwise.Unary;
import athanor.kernels.optimize.AdamStep;
import athanor.kernels.optimize.SgdStep;
import athanor.kernels.optimize.UpdateRule;
import athanor.kernels.pool.PoolGeometry;
import athanor.kernels.random.PhiloxKey;
import athanor.kernels.reduce.Reduction;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/// One call of each primitive that is not a product or a convolution, on a layer of so many rows
/// and channels: what the table of kernels counts, and what `explain` steps through.
public final class KernelSamples {
    private static final PhiloxKey KEY = PhiloxKey.of(1);

    private final Backend backend;
    private final int rows;
    private final int channels;
    private final int n;
    /// The same numbers as fewer and longer rows, for what goes along rows.
    private final int few;

    private final int width;
    private final SplittableRandom random = new SplittableRandom(1);

    private KernelSamples(Backend backend, int rows, int channels) {
        this.backend = backend;
        this.rows = rows;
        this.channels = channels;
        n = rows * channels;
        few = rows < 16 ? rows : rows / 16;
        width = n / few;
    }

    /// @param rows a multiple of 16, or less than 16
    /// @param channels a multiple of 4
    public static void run(Backend backend, int rows, int channels) {
        KernelSamples samples = new KernelSamples(backend, rows, channels);
        samples.elements();
        samples.layouts();
        samples.reductions();
        samples.norms();
        samples.pools();
        samples.randomNumbers();
        samples.updates();
    }

    private Buffer floats(int length) {
        HostBuffer host = HostBuffer.allocate(DType.FLOAT32, length);
        for (int i = 0; i < length; i++) {
            host.set(i, random.nextDouble(0.25, 2));
        }
        return sent(host, length);
    }

    private Buffer whole(DType dtype, int length, int bound) {
        HostBuffer host = HostBuffer.allocate(dtype, length);
        for (int i = 0; i < length; i++) {
            host.set(i, random.nextInt(bound));
        }
        return sent(host, length);
    }

    private Buffer sent(HostBuffer host, int length) {
        Buffer there = room(host.dtype(), length);
        backend.copy(host, there, length);
        return there;
    }

    private Buffer room(DType dtype, int length) {
        return backend.memory().take(dtype, length);
    }

    private Buffer room(int length) {
        return room(DType.FLOAT32, length);
    }

    private void elements() {
        Shape shape = Shape.of(rows, channels);
        Shape channel = Shape.of(channels);
        for (Unary function : Unary.values()) {
            backend.unary(function, floats(n), room(n), n);
        }
        for (Binary function : Binary.values()) {
            backend.binary(function, floats(n), shape, floats(n), shape, room(n), shape);
        }
        backend.binary(Binary.ADD, floats(n), shape, floats(channels), channel, room(n), shape);
        backend.select(floats(n), floats(n), floats(n), room(n), n);
        backend.fill(room(n), n, 1);
        backend.fill(room(DType.UINT8, n), n, 1);
        backend.cast(whole(DType.UINT8, n, 256), room(n), n);
        backend.cast(whole(DType.INT32, n, 256), room(n), n);
        backend.cast(floats(n), room(DType.INT32, n), n);
    }

    private void layouts() {
        Shape shape = Shape.of(rows, channels);
        Shape half = Shape.of(rows, channels / 2);
        int[] start = {0, channels / 2};
        int[] zero = {0, 0};
        for (DType dtype : List.of(DType.FLOAT32, DType.UINT8)) {
            Buffer x = whole(dtype, n, 100);
            backend.copyBlock(x, shape, start, room(dtype, n / 2), half, zero, half);
        }
        backend.transpose(floats(n), shape, new int[] {1, 0}, room(n));
        Buffer index = whole(DType.INT32, rows, rows);
        backend.gather(floats(n), channels, index, rows, room(n));
        backend.gather(floats(3 * rows), 3, index, rows, room(3 * rows));
        Buffer bytes = whole(DType.UINT8, 3 * rows, 256);
        backend.gather(bytes, 3, index, rows, room(DType.UINT8, 3 * rows));
        backend.scatterAdd(floats(n), channels, index, rows, floats(n));
        backend.oneHot(whole(DType.INT32, rows, channels), rows, channels, 1, 0, room(n));
    }

    private void reductions() {
        boolean[] ofRows = {false, true};
        boolean[] ofColumns = {true, false};
        Shape shape = Shape.of(rows, channels);
        for (Reduction reduction : Reduction.values()) {
            backend.reduce(reduction, floats(n), Shape.of(few, width), ofRows, room(few));
            backend.reduce(reduction, floats(n), shape, ofColumns, room(channels));
        }
        backend.argmax(floats(n), few, width, 1, room(DType.INT32, few));
        backend.softmax(floats(n), few, width, room(n));
        backend.logSoftmax(floats(n), few, width, room(n));
        backend.softmaxGradient(floats(n), floats(n), few, width, room(n));
        backend.logSoftmaxGradient(floats(n), floats(n), few, width, room(n));
    }

    private void norms() {
        moments();
        normalize(channels);
        normalize(channels - 1);
        Buffer gamma = floats(width);
        Buffer mean = floats(few);
        Buffer deviation = floats(few);
        backend.layerNorm(
                floats(n), few, width, 1e-5, gamma, floats(width), room(n), mean, deviation);
        backend.layerNormGradient(
                floats(n), floats(n), few, width, gamma, mean, deviation, room(n));
        Buffer d = floats(n);
        backend.localResponseNorm(floats(n), rows, channels, 5, 1e-4, 0.75, 2, room(n), d);
        backend.localResponseNormGradient(
                floats(n), floats(n), d, rows, channels, 5, 1e-4, 0.75, room(n));
    }

    private void moments() {
        Buffer x = floats(n);
        Buffer mean = room(channels);
        Buffer variance = room(channels);
        backend.channelMoments(x, rows, channels, mean, variance);
        Gate gate = new Gate.Result(floats(n));
        backend.batchNormSums(
                floats(n), gate, x, rows, channels, mean, variance, room(channels), room(channels));
    }

    private void normalize(int some) {
        int size = rows * some;
        Buffer scale = floats(some);
        Buffer shift = floats(some);
        Optional<Buffer> residual = Optional.of(floats(size));
        backend.normalizeAddRelu(
                floats(size), rows, some, scale, shift, residual, true, room(size));
        backend.batchNormGradient(
                floats(size),
                new Gate.Result(floats(size)),
                floats(size),
                rows,
                some,
                floats(some),
                floats(some),
                scale,
                floats(some),
                shift,
                room(size),
                Optional.of(room(size)));
    }

    private void pools() {
        int side = Math.max(4, (int) Math.sqrt(rows));
        PoolGeometry max = PoolGeometry.sliding(1, side, side, channels, 3, 2, 1);
        int inputs = side * side * channels;
        int outputs = max.outputHeight() * max.outputWidth() * channels;
        Buffer index = room(DType.INT32, outputs);
        backend.maxPool(max, floats(inputs), room(outputs), index);
        backend.maxPoolGradient(max, floats(outputs), index, room(inputs));
        PoolGeometry average = PoolGeometry.adaptive(1, side, side, channels, 1, 1);
        backend.averagePool(average, floats(inputs), room(channels));
        backend.averagePoolGradient(average, floats(channels), room(inputs));
    }

    private void randomNumbers() {
        backend.uniform(KEY, room(n), n);
        backend.normal(KEY, room(n), n);
        backend.dropoutMask(KEY, 0.5, room(n), n);
    }

    private void updates() {
        SgdStep sgd = new SgdStep(0.1, 0.9, 1e-4, false, false);
        AdamStep adam = new AdamStep(1e-3, 0.9, 0.999, 1e-8, 0, false, 2);
        Buffer state = floats(n);
        Buffer squares = floats(n);
        backend.sgd(sgd, floats(n), floats(n), Optional.of(state), n);
        backend.adam(adam, floats(n), floats(n), state, squares, n);
        for (UpdateRule rule : List.of(sgd, adam)) {
            backend.update(
                    rule,
                    List.of(new Backend.Update(floats(n), floats(n), List.of(state, squares), n)));
        }
    }
}
