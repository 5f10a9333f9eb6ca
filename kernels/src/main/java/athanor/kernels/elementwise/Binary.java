package athanor.kernels.elementwise;

/// Functions of two numbers, y = f(a, b). Those named `_GRADIENT` take the gradient of the result
/// first, and then what the matching [Unary] saved.
public enum Binary {
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    MAXIMUM,
    MINIMUM,
    /// a raised to b.
    POWER,
    /// 1 where a > b, else 0; the next three likewise.
    GREATER,
    GREATER_EQUAL,
    EQUAL,
    /// dy where y > 0, else 0.
    RELU_GRADIENT,
    /// dy (1 - y^2).
    TANH_GRADIENT,
    /// dy y (1 - y).
    SIGMOID_GRADIENT,
    /// dy s (1 + x (1 - s)), s = sigmoid(x).
    SILU_GRADIENT,
    /// dy times the derivative of [Unary#GELU] at x.
    GELU_GRADIENT;

    private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

    /// The function itself, in double: what every faster form is held against.
    public double apply(double a, double b) {
        return switch (this) {
            case ADD -> a + b;
            case SUBTRACT -> a - b;
            case MULTIPLY -> a * b;
            case DIVIDE -> a / b;
            case MAXIMUM -> Math.max(a, b);
            case MINIMUM -> Math.min(a, b);
            case POWER -> Math.pow(a, b);
            case GREATER -> a > b ? 1 : 0;
            case GREATER_EQUAL -> a >= b ? 1 : 0;
            case EQUAL -> a == b ? 1 : 0;
            case RELU_GRADIENT -> b > 0 ? a : 0;
            case TANH_GRADIENT -> a * (1 - b * b);
            case SIGMOID_GRADIENT -> a * b * (1 - b);
            case SILU_GRADIENT -> {
                double s = Unary.SIGMOID.apply(b);
                yield a * s * (1 + b * (1 - s));
            }
            case GELU_GRADIENT -> {
                double t = Math.tanh(geluArgument(b));
                double slope = SQRT_2_OVER_PI * (1 + 3 * 0.044715 * b * b);
                yield a * (0.5 * (1 + t) + 0.5 * b * (1 - t * t) * slope);
            }
        };
    }

    static double geluArgument(double x) {
        return SQRT_2_OVER_PI * (x + 0.044715 * x * x * x);
    }
}
