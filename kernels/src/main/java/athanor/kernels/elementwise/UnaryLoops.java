package athanor.kernels.elementwise;

import static athanor.kernels.elementwise.VectorMath.LANES;
import static athanor.kernels.elementwise.VectorMath.SPECIES;
import static athanor.kernels.elementwise.VectorMath.load;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import jdk.incubator.vector.FloatVector;

/// `y[i] = f(x[i])` for from <= i < to. One loop a function: in a loop that they share the compiler could not see which it
/// is, and would call it for each vector.
final class UnaryLoops {
    private UnaryLoops() {}

    static void run(Unary function, float[] x, float[] y, int from, int to) {
        switch (function) {
            case NEGATE -> negate(x, y, from, to);
            case ABSOLUTE -> absolute(x, y, from, to);
            case SIGN -> sign(x, y, from, to);
            case RECIPROCAL -> reciprocal(x, y, from, to);
            case SQUARE -> square(x, y, from, to);
            case SQRT -> sqrt(x, y, from, to);
            case RSQRT -> rsqrt(x, y, from, to);
            case EXP -> exp(x, y, from, to);
            case LOG -> log(x, y, from, to);
            case TANH -> tanh(x, y, from, to);
            case SIGMOID -> sigmoid(x, y, from, to);
            case RELU -> relu(x, y, from, to);
            case SILU -> silu(x, y, from, to);
            case GELU -> gelu(x, y, from, to);
            case SOFTPLUS -> softplus(x, y, from, to);
        }
    }

    private static void negate(float[] x, float[] y, int from, int to) {
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            load(x, i).neg().intoArray(y, i);
        }
        for (; i < to; i++) {
            y[i] = -x[i];
        }
    }

    private static void absolute(float[] x, float[] y, int from, int to) {
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            load(x, i).abs().intoArray(y, i);
        }
        for (; i < to; i++) {
            y[i] = Math.abs(x[i]);
        }
    }

    private static void sign(float[] x, float[] y, int from, int to) {
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            FloatVector v = load(x, i);
            v.blend(1, v.compare(GT, 0)).blend(-1, v.compare(LT, 0)).intoArray(y, i);
        }
        for (; i < to; i++) {
            y[i] = Math.signum(x[i]);
        }
    }

    private static void reciprocal(float[] x, float[] y, int from, int to) {
        FloatVector one = FloatVector.broadcast(SPECIES, 1);
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            one.div(load(x, i)).intoArray(y, i);
        }
        for (; i < to; i++) {
            y[i] = 1 / x[i];
        }
    }

    private static void square(float[] x, float[] y, int from, int to) {
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            FloatVector v = load(x, i);
            v.mul(v).intoArray(y, i);
        }
        for (; i < to; i++) {
            y[i] = x[i] * x[i];
        }
    }

    private static void sqrt(float[] x, float[] y, int from, int to) {
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            load(x, i).sqrt().intoArray(y, i);
        }
        for (; i < to; i++) {
            y[i] = (float) Math.sqrt(x[i]);
        }
    }

    private static void rsqrt(float[] x, float[] y, int from, int to) {
        FloatVector one = FloatVector.broadcast(SPECIES, 1);
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            one.div(load(x, i).sqrt()).intoArray(y, i);
        }
        for (; i < to; i++) {
            y[i] = 1 / (float) Math.sqrt(x[i]);
        }
    }

    private static void exp(float[] x, float[] y, int from, int to) {
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            VectorMath.exp(load(x, i)).intoArray(y, i);
        }
        for (; i < to; i++) {
            y[i] = VectorMath.exp(x[i]);
        }
    }

    private static void log(float[] x, float[] y, int from, int to) {
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            VectorMath.log(load(x, i)).intoArray(y, i);
        }
        for (; i < to; i++) {
            y[i] = VectorMath.log(x[i]);
        }
    }

    private static void tanh(float[] x, float[] y, int from, int to) {
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            VectorMath.tanh(load(x, i)).intoArray(y, i);
        }
        for (; i < to; i++) {
            y[i] = VectorMath.tanh(x[i]);
        }
    }

    private static void sigmoid(float[] x, float[] y, int from, int to) {
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            VectorMath.sigmoid(load(x, i)).intoArray(y, i);
        }
        for (; i < to; i++) {
            y[i] = VectorMath.sigmoid(x[i]);
        }
    }

    private static void relu(float[] x, float[] y, int from, int to) {
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            load(x, i).max(0).intoArray(y, i);
        }
        for (; i < to; i++) {
            y[i] = Math.max(x[i], 0);
        }
    }

    private static void silu(float[] x, float[] y, int from, int to) {
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            FloatVector v = load(x, i);
            v.mul(VectorMath.sigmoid(v)).intoArray(y, i);
        }
        for (; i < to; i++) {
            y[i] = x[i] * VectorMath.sigmoid(x[i]);
        }
    }

    private static void gelu(float[] x, float[] y, int from, int to) {
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            VectorMath.gelu(load(x, i)).intoArray(y, i);
        }
        for (; i < to; i++) {
            y[i] = VectorMath.gelu(x[i]);
        }
    }

    private static void softplus(float[] x, float[] y, int from, int to) {
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            VectorMath.softplus(load(x, i)).intoArray(y, i);
        }
        for (; i < to; i++) {
            y[i] = VectorMath.softplus(x[i]);
        }
    }
}
