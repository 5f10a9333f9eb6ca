package athanor.kernels.elementwise;

import static athanor.kernels.elementwise.VectorMath.LANES;
import static athanor.kernels.elementwise.VectorMath.SPECIES;
import static athanor.kernels.elementwise.VectorMath.load;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// The loops themselves. One a function: in a loop that they share the compiler could not see which
/// it is, and would call it for each vector. The last elements, too few for a vector, are not in
/// these loops, so that a loop is never entered in vain: short arrays would otherwise teach the
/// compiler that its body is rarely run and not worth inlining.
final class UnaryLoops {
    private UnaryLoops() {}

    /// `y[i] = f(x[i])` for from <= i < to.
    static void run(Unary function, float[] x, float[] y, int from, int to) {
        int end = to - (to - from) % LANES;
        if (end > from) {
            vectors(function, x, y, from, end);
        }
        for (int i = end; i < to; i++) {
            y[i] = apply(function, x[i]);
        }
    }

    private static float apply(Unary function, float x) {
        return switch (function) {
            case NEGATE -> -x;
            case ABSOLUTE -> Math.abs(x);
            case SIGN -> Math.signum(x);
            case RECIPROCAL -> 1 / x;
            case SQUARE -> x * x;
            case SQRT -> (float) Math.sqrt(x);
            case RSQRT -> 1 / (float) Math.sqrt(x);
            case EXP -> VectorMath.exp(x);
            case LOG -> VectorMath.log(x);
            case TANH -> VectorMath.tanh(x);
            case SIGMOID -> VectorMath.sigmoid(x);
            case RELU -> Math.max(x, 0);
            case SILU -> x * VectorMath.sigmoid(x);
            case GELU -> VectorMath.gelu(x);
            case SOFTPLUS -> VectorMath.softplus(x);
        };
    }

    private static void vectors(Unary function, float[] x, float[] y, int from, int to) {
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
        for (int i = from; i < to; i += LANES) {
            load(x, i).neg().intoArray(y, i);
        }
    }

    private static void absolute(float[] x, float[] y, int from, int to) {
        for (int i = from; i < to; i += LANES) {
            load(x, i).abs().intoArray(y, i);
        }
    }

    private static void sign(float[] x, float[] y, int from, int to) {
        for (int i = from; i < to; i += LANES) {
            FloatVector v = load(x, i);
            v.blend(1, v.compare(VectorOperators.GT, 0))
                    .blend(-1, v.compare(VectorOperators.LT, 0))
                    .intoArray(y, i);
        }
    }

    private static void reciprocal(float[] x, float[] y, int from, int to) {
        FloatVector one = FloatVector.broadcast(SPECIES, 1);
        for (int i = from; i < to; i += LANES) {
            one.div(load(x, i)).intoArray(y, i);
        }
    }

    private static void square(float[] x, float[] y, int from, int to) {
        for (int i = from; i < to; i += LANES) {
            FloatVector v = load(x, i);
            v.mul(v).intoArray(y, i);
        }
    }

    private static void sqrt(float[] x, float[] y, int from, int to) {
        for (int i = from; i < to; i += LANES) {
            load(x, i).sqrt().intoArray(y, i);
        }
    }

    private static void rsqrt(float[] x, float[] y, int from, int to) {
        FloatVector one = FloatVector.broadcast(SPECIES, 1);
        for (int i = from; i < to; i += LANES) {
            one.div(load(x, i).sqrt()).intoArray(y, i);
        }
    }

    private static void exp(float[] x, float[] y, int from, int to) {
        for (int i = from; i < to; i += LANES) {
            VectorMath.exp(load(x, i)).intoArray(y, i);
        }
    }

    private static void log(float[] x, float[] y, int from, int to) {
        for (int i = from; i < to; i += LANES) {
            VectorMath.log(load(x, i)).intoArray(y, i);
        }
    }

    private static void tanh(float[] x, float[] y, int from, int to) {
        for (int i = from; i < to; i += LANES) {
            VectorMath.tanh(load(x, i)).intoArray(y, i);
        }
    }

    private static void sigmoid(float[] x, float[] y, int from, int to) {
        for (int i = from; i < to; i += LANES) {
            VectorMath.sigmoid(load(x, i)).intoArray(y, i);
        }
    }

    private static void relu(float[] x, float[] y, int from, int to) {
        for (int i = from; i < to; i += LANES) {
            load(x, i).max(0).intoArray(y, i);
        }
    }

    private static void silu(float[] x, float[] y, int from, int to) {
        for (int i = from; i < to; i += LANES) {
            FloatVector v = load(x, i);
            v.mul(VectorMath.sigmoid(v)).intoArray(y, i);
        }
    }

    private static void gelu(float[] x, float[] y, int from, int to) {
        for (int i = from; i < to; i += LANES) {
            VectorMath.gelu(load(x, i)).intoArray(y, i);
        }
    }

    private static void softplus(float[] x, float[] y, int from, int to) {
        for (int i = from; i < to; i += LANES) {
            VectorMath.softplus(load(x, i)).intoArray(y, i);
        }
    }
}
