package athanor.kernels.elementwise;

import static athanor.kernels.elementwise.VectorMath.LANES;
import static athanor.kernels.elementwise.VectorMath.SPECIES;
import static athanor.kernels.elementwise.VectorMath.load;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// The loops of functions of two numbers, as in [UnaryLoops]; with explicit vectors, as the
/// compiler's own vectorizer gives up on arrays that are read at different places.
final class BinaryLoops {
    private BinaryLoops() {}

    /// `y[yAt + i] = f(a[aAt + i], b[bAt + i])` for 0 <= i < count.
    static void run(
            Binary function,
            float[] a,
            int aAt,
            float[] b,
            int bAt,
            float[] y,
            int yAt,
            int count) {
        int end = function == Binary.POWER ? 0 : count - count % LANES;
        if (end > 0) {
            vectors(function, a, aAt, b, bAt, y, yAt, end);
        }
        for (int i = end; i < count; i++) {
            y[yAt + i] = apply(function, a[aAt + i], b[bAt + i]);
        }
    }

    private static float apply(Binary function, float a, float b) {
        return switch (function) {
            case ADD -> a + b;
            case SUBTRACT -> a - b;
            case MULTIPLY -> a * b;
            case DIVIDE -> a / b;
            case MAXIMUM -> Math.max(a, b);
            case MINIMUM -> Math.min(a, b);
            case POWER -> (float) StrictMath.pow(a, b);
            case GREATER -> a > b ? 1 : 0;
            case GREATER_EQUAL -> a >= b ? 1 : 0;
            case EQUAL -> a == b ? 1 : 0;
            case RELU_GRADIENT -> b > 0 ? a : 0;
            case TANH_GRADIENT -> a * (1 - b * b);
            case SIGMOID_GRADIENT -> a * b * (1 - b);
            case SILU_GRADIENT -> a * VectorMath.siluSlope(b);
            case GELU_GRADIENT -> a * VectorMath.geluSlope(b);
        };
    }

    private static void vectors(
            Binary function,
            float[] a,
            int aAt,
            float[] b,
            int bAt,
            float[] y,
            int yAt,
            int count) {
        switch (function) {
            case ADD -> add(a, aAt, b, bAt, y, yAt, count);
            case SUBTRACT -> subtract(a, aAt, b, bAt, y, yAt, count);
            case MULTIPLY -> multiply(a, aAt, b, bAt, y, yAt, count);
            case DIVIDE -> divide(a, aAt, b, bAt, y, yAt, count);
            case MAXIMUM -> maximum(a, aAt, b, bAt, y, yAt, count);
            case MINIMUM -> minimum(a, aAt, b, bAt, y, yAt, count);
            case POWER -> throw new AssertionError("no vector form");
            case GREATER -> greater(a, aAt, b, bAt, y, yAt, count);
            case GREATER_EQUAL -> greaterEqual(a, aAt, b, bAt, y, yAt, count);
            case EQUAL -> equal(a, aAt, b, bAt, y, yAt, count);
            case RELU_GRADIENT -> reluGradient(a, aAt, b, bAt, y, yAt, count);
            case TANH_GRADIENT -> tanhGradient(a, aAt, b, bAt, y, yAt, count);
            case SIGMOID_GRADIENT -> sigmoidGradient(a, aAt, b, bAt, y, yAt, count);
            case SILU_GRADIENT -> siluGradient(a, aAt, b, bAt, y, yAt, count);
            case GELU_GRADIENT -> geluGradient(a, aAt, b, bAt, y, yAt, count);
        }
    }

    private static void add(float[] a, int aAt, float[] b, int bAt, float[] y, int yAt, int count) {
        for (int i = 0; i < count; i += LANES) {
            load(a, aAt + i).add(load(b, bAt + i)).intoArray(y, yAt + i);
        }
    }

    private static void subtract(
            float[] a, int aAt, float[] b, int bAt, float[] y, int yAt, int count) {
        for (int i = 0; i < count; i += LANES) {
            load(a, aAt + i).sub(load(b, bAt + i)).intoArray(y, yAt + i);
        }
    }

    private static void multiply(
            float[] a, int aAt, float[] b, int bAt, float[] y, int yAt, int count) {
        for (int i = 0; i < count; i += LANES) {
            load(a, aAt + i).mul(load(b, bAt + i)).intoArray(y, yAt + i);
        }
    }

    private static void divide(
            float[] a, int aAt, float[] b, int bAt, float[] y, int yAt, int count) {
        for (int i = 0; i < count; i += LANES) {
            load(a, aAt + i).div(load(b, bAt + i)).intoArray(y, yAt + i);
        }
    }

    private static void maximum(
            float[] a, int aAt, float[] b, int bAt, float[] y, int yAt, int count) {
        for (int i = 0; i < count; i += LANES) {
            load(a, aAt + i).max(load(b, bAt + i)).intoArray(y, yAt + i);
        }
    }

    private static void minimum(
            float[] a, int aAt, float[] b, int bAt, float[] y, int yAt, int count) {
        for (int i = 0; i < count; i += LANES) {
            load(a, aAt + i).min(load(b, bAt + i)).intoArray(y, yAt + i);
        }
    }

    private static void greater(
            float[] a, int aAt, float[] b, int bAt, float[] y, int yAt, int count) {
        FloatVector zero = FloatVector.zero(SPECIES);
        for (int i = 0; i < count; i += LANES) {
            zero.blend(1, load(a, aAt + i).compare(VectorOperators.GT, load(b, bAt + i)))
                    .intoArray(y, yAt + i);
        }
    }

    private static void greaterEqual(
            float[] a, int aAt, float[] b, int bAt, float[] y, int yAt, int count) {
        FloatVector zero = FloatVector.zero(SPECIES);
        for (int i = 0; i < count; i += LANES) {
            zero.blend(1, load(a, aAt + i).compare(VectorOperators.GE, load(b, bAt + i)))
                    .intoArray(y, yAt + i);
        }
    }

    private static void equal(
            float[] a, int aAt, float[] b, int bAt, float[] y, int yAt, int count) {
        FloatVector zero = FloatVector.zero(SPECIES);
        for (int i = 0; i < count; i += LANES) {
            zero.blend(1, load(a, aAt + i).compare(VectorOperators.EQ, load(b, bAt + i)))
                    .intoArray(y, yAt + i);
        }
    }

    private static void reluGradient(
            float[] a, int aAt, float[] b, int bAt, float[] y, int yAt, int count) {
        FloatVector zero = FloatVector.zero(SPECIES);
        for (int i = 0; i < count; i += LANES) {
            zero.blend(load(a, aAt + i), load(b, bAt + i).compare(VectorOperators.GT, 0))
                    .intoArray(y, yAt + i);
        }
    }

    private static void tanhGradient(
            float[] a, int aAt, float[] b, int bAt, float[] y, int yAt, int count) {
        FloatVector one = FloatVector.broadcast(SPECIES, 1);
        for (int i = 0; i < count; i += LANES) {
            FloatVector v = load(b, bAt + i);
            load(a, aAt + i).mul(one.sub(v.mul(v))).intoArray(y, yAt + i);
        }
    }

    private static void sigmoidGradient(
            float[] a, int aAt, float[] b, int bAt, float[] y, int yAt, int count) {
        FloatVector one = FloatVector.broadcast(SPECIES, 1);
        for (int i = 0; i < count; i += LANES) {
            FloatVector v = load(b, bAt + i);
            load(a, aAt + i).mul(v).mul(one.sub(v)).intoArray(y, yAt + i);
        }
    }

    private static void siluGradient(
            float[] a, int aAt, float[] b, int bAt, float[] y, int yAt, int count) {
        for (int i = 0; i < count; i += LANES) {
            load(a, aAt + i).mul(VectorMath.siluSlope(load(b, bAt + i))).intoArray(y, yAt + i);
        }
    }

    private static void geluGradient(
            float[] a, int aAt, float[] b, int bAt, float[] y, int yAt, int count) {
        for (int i = 0; i < count; i += LANES) {
            load(a, aAt + i).mul(VectorMath.geluSlope(load(b, bAt + i))).intoArray(y, yAt + i);
        }
    }
}
