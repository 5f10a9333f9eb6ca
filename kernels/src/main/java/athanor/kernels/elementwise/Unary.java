package athanor.kernels.elementwise;

/// Functions of one number, y = f(x). [Elementwise] applies them to arrays of float; [#apply] is
/// the definition.
public enum Unary {
    NEGATE,
    ABSOLUTE,
    /// -1, 0 or 1.
    SIGN,
    /// 1 / x.
    RECIPROCAL,
    SQUARE,
    SQRT,
    /// 1 / sqrt(x).
    RSQRT,
    EXP,
    LOG,
    TANH,
    /// 1 / (1 + exp(-x)).
    SIGMOID,
    /// max(x, 0); NaN stays NaN.
    RELU,
    /// x * sigmoid(x), also called swish.
    SILU,
    /// x * Phi(x), Phi the distribution function of the standard normal, by the tanh formula of
    /// Hendrycks and Gimpel (2016): 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
    GELU,
    /// log(1 + exp(x)).
    SOFTPLUS;

    /// The function itself, in double: what every faster form is held against.
    public double apply(double x) {
        return switch (this) {
            case NEGATE -> -x;
            case ABSOLUTE -> Math.abs(x);
            case SIGN -> Math.signum(x);
            case RECIPROCAL -> 1 / x;
            case SQUARE -> x * x;
            case SQRT -> Math.sqrt(x);
            case RSQRT -> 1 / Math.sqrt(x);
            case EXP -> Math.exp(x);
            case LOG -> Math.log(x);
            case TANH -> Math.tanh(x);
            case SIGMOID -> 1 / (1 + Math.exp(-x));
            case RELU -> Math.max(x, 0);
            case SILU -> x / (1 + Math.exp(-x));
            case GELU -> 0.5 * x * (1 + Math.tanh(Binary.geluArgument(x)));
            case SOFTPLUS -> Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
        };
    }
}
