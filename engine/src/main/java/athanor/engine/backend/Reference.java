package athanor.engine.backend;

import athanor.engine.Buffer;
import athanor.engine.DType;
import athanor.engine.HostBuffer;
import athanor.engine.MatrixProduct;
import athanor.engine.Memory;
import athanor.engine.Shape;
import athanor.kernels.elementwise.Binary;
import athanor.kernels.elementwise.Unary;
import athanor.kernels.optimize.AdamStep;
import athanor.kernels.optimize.SgdStep;
import athanor.kernels.random.Philox;
import athanor.kernels.random.PhiloxKey;
import athanor.kernels.reduce.Reduction;
import java.util.Arrays;
import java.util.Optional;

/// The backend to read first, and the one the others are held against: every primitive is the loop
/// that its formula says, on one thread. Elements of any type are read as double, all arithmetic is
/// in double, and a number is rounded only when it is stored. Here stands what moves, adds and
/// multiplies; [ReferenceImages] has convolution and pooling, [ReferenceRows] normalization and
/// softmax.
public final class Reference implements ReferenceImages, ReferenceRows {
    public static final Reference INSTANCE = new Reference();

    private final Memory memory = new Memory(this);

    private Reference() {}

    @Override
    public String name() {
        return "reference";
    }

    @Override
    public Memory memory() {
        return memory;
    }

    @Override
    public Buffer allocate(DType dtype, int length) {
        return HostBuffer.allocate(dtype, length);
    }

    /// Nothing to do: the garbage collector finds it.
    @Override
    public void free(Buffer buffer) {}

    // ---- moving ----

    @Override
    public void copy(Buffer x, Buffer y, int length) {
        cast(x, y, length);
    }

    @Override
    public void fill(Buffer y, int length, double value) {
        for (int i = 0; i < length; i++) {
            set(y, i, value);
        }
    }

    @Override
    public void cast(Buffer x, Buffer y, int length) {
        for (int i = 0; i < length; i++) {
            set(y, i, get(x, i));
        }
    }

    @Override
    public void transpose(Buffer x, Shape shape, int[] permutation, Buffer y) {
        int[] xStrides = shape.strides();
        int rank = shape.rank();
        int[] dims = new int[rank];
        int[] strides = new int[rank];
        for (int axis = 0; axis < rank; axis++) {
            dims[axis] = shape.dim(permutation[axis]);
            strides[axis] = xStrides[permutation[axis]];
        }
        int[] yStrides = Shape.of(dims).strides();
        int size = shape.size();
        for (int i = 0; i < size; i++) {
            set(y, i, get(x, place(i, yStrides, strides)));
        }
    }

    @Override
    public void copyBlock(
            Buffer x,
            Shape xShape,
            int[] xStart,
            Buffer y,
            Shape yShape,
            int[] yStart,
            Shape extent) {
        int[] xStrides = xShape.strides();
        int[] yStrides = yShape.strides();
        int xOrigin = 0;
        int yOrigin = 0;
        for (int axis = 0; axis < extent.rank(); axis++) {
            xOrigin += xStart[axis] * xStrides[axis];
            yOrigin += yStart[axis] * yStrides[axis];
        }
        int[] strides = extent.strides();
        int size = extent.size();
        for (int i = 0; i < size; i++) {
            set(
                    y,
                    yOrigin + place(i, strides, yStrides),
                    get(x, xOrigin + place(i, strides, xStrides)));
        }
    }

    @Override
    public void gather(Buffer x, int width, Buffer index, int count, Buffer y) {
        for (int i = 0; i < count; i++) {
            int row = (int) get(index, i);
            for (int j = 0; j < width; j++) {
                set(y, i * width + j, get(x, row * width + j));
            }
        }
    }

    @Override
    public void scatterAdd(Buffer x, int width, Buffer index, int count, Buffer y) {
        for (int i = 0; i < count; i++) {
            int row = (int) get(index, i);
            for (int j = 0; j < width; j++) {
                int place = row * width + j;
                set(y, place, get(y, place) + get(x, i * width + j));
            }
        }
    }

    @Override
    public void oneHot(Buffer index, int count, int classes, double on, double off, Buffer y) {
        for (int i = 0; i < count; i++) {
            for (int j = 0; j < classes; j++) {
                set(y, i * classes + j, j == get(index, i) ? on : off);
            }
        }
    }

    // ---- arithmetic ----

    @Override
    public void unary(Unary function, Buffer x, Buffer y, int length) {
        for (int i = 0; i < length; i++) {
            set(y, i, function.apply(get(x, i)));
        }
    }

    @Override
    public void binary(
            Binary function,
            Buffer a,
            Shape aShape,
            Buffer b,
            Shape bShape,
            Buffer y,
            Shape yShape) {
        int[] strides = yShape.strides();
        int[] aStrides = aShape.stridesIn(yShape);
        int[] bStrides = bShape.stridesIn(yShape);
        int size = yShape.size();
        for (int i = 0; i < size; i++) {
            double aValue = get(a, place(i, strides, aStrides));
            double bValue = get(b, place(i, strides, bStrides));
            set(y, i, function.apply(aValue, bValue));
        }
    }

    @Override
    public void select(Buffer condition, Buffer a, Buffer b, Buffer y, int length) {
        for (int i = 0; i < length; i++) {
            set(y, i, get(condition, i) != 0 ? get(a, i) : get(b, i));
        }
    }

    @Override
    public void reduce(Reduction reduction, Buffer x, Shape shape, boolean[] axes, Buffer y) {
        int[] xStrides = shape.strides();
        int[] yStrides = new int[shape.rank()];
        int results = 1;
        for (int axis = shape.rank() - 1; axis >= 0; axis--) {
            if (!axes[axis]) {
                yStrides[axis] = results;
                results *= shape.dim(axis);
            }
        }
        double[] result = new double[results];
        Arrays.fill(result, reduction.identity());
        int size = shape.size();
        for (int i = 0; i < size; i++) {
            int place = place(i, xStrides, yStrides);
            result[place] = reduction.combine(result[place], get(x, i));
        }
        setAll(y, result);
    }

    @Override
    public void argmax(Buffer x, int outer, int length, int inner, Buffer y) {
        for (int o = 0; o < outer; o++) {
            for (int i = 0; i < inner; i++) {
                int start = o * length * inner + i;
                int best = 0;
                for (int l = 1; l < length; l++) {
                    if (exceeds(get(x, start + l * inner), get(x, start + best * inner))) {
                        best = l;
                    }
                }
                set(y, o * inner + i, best);
            }
        }
    }

    @Override
    public void matmul(MatrixProduct product, Buffer a, Buffer b, Buffer y) {
        int m = product.m();
        int n = product.n();
        int k = product.k();
        int aRow = product.transposeA() ? 1 : k;
        int aColumn = product.transposeA() ? m : 1;
        int bRow = product.transposeB() ? 1 : n;
        int bColumn = product.transposeB() ? k : 1;
        for (int batch = 0; batch < product.batch(); batch++) {
            int aStart = batch * product.batchStrideA();
            int bStart = batch * product.batchStrideB();
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < n; j++) {
                    int place = (batch * m + i) * n + j;
                    double sum = product.accumulate() ? get(y, place) : 0;
                    for (int l = 0; l < k; l++) {
                        double aValue = get(a, aStart + i * aRow + l * aColumn);
                        sum += aValue * get(b, bStart + l * bRow + j * bColumn);
                    }
                    set(y, place, sum);
                }
            }
        }
    }

    // ---- random numbers: those of float, whatever the type of y ----

    @Override
    public void uniform(PhiloxKey key, Buffer y, int length) {
        for (int i = 0; i < length; i++) {
            set(y, i, Philox.uniform(key, i));
        }
    }

    @Override
    public void normal(PhiloxKey key, Buffer y, int length) {
        for (int i = 0; i < length; i++) {
            set(y, i, Philox.normal(key, i));
        }
    }

    @Override
    public void dropoutMask(PhiloxKey key, double probability, Buffer y, int length) {
        for (int i = 0; i < length; i++) {
            set(y, i, Philox.uniform(key, i) < probability ? 0 : 1 / (1 - probability));
        }
    }

    // ---- updates in place ----

    @Override
    public void sgd(
            SgdStep step,
            Buffer parameter,
            Buffer gradient,
            Optional<Buffer> velocity,
            int length) {
        for (int i = 0; i < length; i++) {
            double g = get(gradient, i) + step.weightDecay() * get(parameter, i);
            double move = g;
            if (velocity.isPresent()) {
                double v = step.first() ? g : step.momentum() * get(velocity.get(), i) + g;
                set(velocity.get(), i, v);
                move = step.nesterov() ? g + step.momentum() * v : v;
            }
            set(parameter, i, get(parameter, i) - step.learningRate() * move);
        }
    }

    @Override
    public void adam(
            AdamStep step,
            Buffer parameter,
            Buffer gradient,
            Buffer mean,
            Buffer square,
            int length) {
        double rate = step.learningRate() / (1 - Math.pow(step.beta1(), step.step()));
        double squareScale = 1 / (1 - Math.pow(step.beta2(), step.step()));
        double decay = step.decoupled() ? 0 : step.weightDecay();
        double shrink = step.decoupled() ? 1 - step.learningRate() * step.weightDecay() : 1;
        for (int i = 0; i < length; i++) {
            double p = get(parameter, i);
            double g = get(gradient, i) + decay * p;
            double m = step.beta1() * get(mean, i) + (1 - step.beta1()) * g;
            double v = step.beta2() * get(square, i) + (1 - step.beta2()) * g * g;
            set(mean, i, m);
            set(square, i, v);
            set(
                    parameter,
                    i,
                    shrink * p - rate * m / (Math.sqrt(squareScale * v) + step.epsilon()));
        }
    }

    // ---- what the loops share ----

    /// Where element number `index` of a shape lies in memory that is read by other strides; `own`
    /// are the strides of the shape itself.
    private static int place(int index, int[] own, int[] strides) {
        int rest = index;
        int place = 0;
        for (int axis = 0; axis < own.length; axis++) {
            place += rest / own[axis] * strides[axis];
            rest %= own[axis];
        }
        return place;
    }

    /// Whether a maximum moves on from `best` to `value`: NaN counts as the largest number, as in
    /// PyTorch, and the first of equals stays.
    static boolean exceeds(double value, double best) {
        return value > best || (Double.isNaN(value) && !Double.isNaN(best));
    }

    /// Reads an element of any type.
    static double get(Buffer x, int index) {
        return host(x).get(index);
    }

    /// Rounds to the type of the buffer and stores.
    static void set(Buffer y, int index, double value) {
        host(y).set(index, value);
    }

    /// Rounds and stores sums that were kept in double.
    static void setAll(Buffer y, double[] values) {
        for (int i = 0; i < values.length; i++) {
            set(y, i, values[i]);
        }
    }

    private static HostBuffer host(Buffer buffer) {
        return (HostBuffer) buffer;
    }
}
