package athanor.nn;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.kernels.random.PhiloxKey;
import java.util.Arrays;
import org.ojalgo.matrix.decomposition.QR;
import org.ojalgo.matrix.store.MatrixStore;
import org.ojalgo.matrix.store.R064Store;

/// The first values of a parameter, which depend on its shape and the key alone. The fan-in is the
/// count of inputs that reach one output, the fan-out the count of outputs that one input reaches:
/// for filters `[K, R, S, C]` they are R S C and R S K, for a matrix `[out, in]` in and out.
@FunctionalInterface
public interface Initializer {
    float[] values(Shape shape, PhiloxKey key);

    /// Which fan keeps its variance: that of the activations, or that of the gradients.
    enum Fan {
        IN,
        OUT
    }

    static Initializer constant(double value) {
        return (shape, _) -> {
            float[] values = new float[shape.size()];
            Arrays.fill(values, (float) value);
            return values;
        };
    }

    static Initializer zeros() {
        return constant(0);
    }

    static Initializer ones() {
        return constant(1);
    }

    /// Uniform in [low, high).
    static Initializer uniform(double low, double high) {
        return (shape, key) -> scaled(uniformValues(shape, key), high - low, low);
    }

    static Initializer normal(double mean, double deviation) {
        return (shape, key) -> scaled(normalValues(shape, key), deviation, mean);
    }

    /// Uniform within `sqrt(6 / ((1 + a^2) fan-in))`, where a is the slope of the leaky ReLU
    /// behind. He et al. 2015.
    static Initializer kaimingUniform(double a) {
        return (shape, key) -> {
            double bound = Math.sqrt(6 / ((1 + a * a) * fan(shape, Fan.IN)));
            return uniform(-bound, bound).values(shape, key);
        };
    }

    /// Normal with deviation `sqrt(2 / fan)`. He et al. 2015.
    static Initializer kaimingNormal(Fan fan) {
        return (shape, key) -> normal(0, Math.sqrt(2.0 / fan(shape, fan))).values(shape, key);
    }

    /// Uniform within `sqrt(6 / (fan-in + fan-out))`. Glorot and Bengio 2010.
    static Initializer xavierUniform() {
        return (shape, key) -> {
            double bound = Math.sqrt(6.0 / (fan(shape, Fan.IN) + fan(shape, Fan.OUT)));
            return uniform(-bound, bound).values(shape, key);
        };
    }

    /// Normal with deviation `sqrt(2 / (fan-in + fan-out))`. Glorot and Bengio 2010.
    static Initializer xavierNormal() {
        return (shape, key) -> {
            double fans = (double) fan(shape, Fan.IN) + fan(shape, Fan.OUT);
            return normal(0, Math.sqrt(2 / fans)).values(shape, key);
        };
    }

    /// The rows (of the first axis against all others) are orthogonal and of length `gain`; the
    /// columns are, where there are fewer of them. It is the Q of a normal matrix, with signs such
    /// that all rotations are as likely. Saxe et al. 2014.
    static Initializer orthogonal(double gain) {
        return (shape, key) -> {
            int rows = shape.dim(0);
            int columns = shape.size() / Math.max(rows, 1);
            int tall = Math.max(rows, columns);
            int narrow = Math.min(rows, columns);
            float[] normal = normalValues(shape, key);
            R064Store matrix = R064Store.FACTORY.make(tall, narrow);
            for (int i = 0; i < normal.length; i++) {
                matrix.set(i / narrow, i % narrow, normal[i]);
            }
            QR<Double> decomposition = QR.R064.make(matrix);
            decomposition.decompose(matrix);
            MatrixStore<Double> q = decomposition.getQ();
            MatrixStore<Double> r = decomposition.getR();
            float[] values = new float[shape.size()];
            for (int i = 0; i < tall; i++) {
                for (int j = 0; j < narrow; j++) {
                    double value = gain * Math.signum(r.doubleValue(j, j)) * q.doubleValue(i, j);
                    values[rows == tall ? i * columns + j : j * columns + i] = (float) value;
                }
            }
            return values;
        };
    }

    /// Filters of which each of the first, one for each input channel, hands that channel on; the
    /// others as PyTorch's. Zagoruyko and Komodakis 2017 (DiracNets).
    static Initializer partialIdentity() {
        return (shape, key) -> {
            float[] values = kaimingUniform(Math.sqrt(5)).values(shape, key);
            int channels = shape.dim(3);
            int length = shape.size(1, 4);
            int middle = (shape.dim(1) / 2 * shape.dim(2) + shape.dim(2) / 2) * channels;
            for (int k = 0; k < Math.min(shape.dim(0), channels); k++) {
                Arrays.fill(values, k * length, (k + 1) * length, 0);
                values[k * length + middle + k] = 1;
            }
            return values;
        };
    }

    static int fan(Shape shape, Fan fan) {
        if (shape.rank() < 2) {
            throw new IllegalArgumentException(
                    "initializer: shape "
                            + shape
                            + " has no fans; use constant, uniform or normal for vectors");
        }
        int last = shape.rank() - 1;
        int receptive = shape.size(1, last);
        return receptive * shape.dim(fan == Fan.IN ? last : 0);
    }

    private static float[] uniformValues(Shape shape, PhiloxKey key) {
        return Workspace.outside(
                () -> Tensor.uniform(Backend.cpu(), DType.FLOAT32, shape, key).toFloats());
    }

    private static float[] normalValues(Shape shape, PhiloxKey key) {
        return Workspace.outside(
                () -> Tensor.normal(Backend.cpu(), DType.FLOAT32, shape, key).toFloats());
    }

    private static float[] scaled(float[] values, double factor, double summand) {
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (factor * values[i] + summand);
        }
        return values;
    }
}
