package athanor.nn.onnx;

import java.util.List;

/// What a node computes.
///
/// @param flow what becomes of a gradient that arrives at its results
record Operator(Flow flow, Body body) {
    @FunctionalInterface
    interface Body {
        List<Value> run(Call call);
    }

    @FunctionalInterface
    interface Single {
        Value run(Call call);
    }

    enum Flow {
        /// It goes on to the inputs.
        ON,
        /// It is 0, as the result is constant between jumps.
        ZERO,
        /// There is one, which nobody has written: refused where it is needed.
        MISSING
    }
}
