package athanor.nn.onnx;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The operators that are known, by name: https://onnx.ai/onnx/operators. All are of the domain
/// `ai.onnx`.
final class Operators {
    private static final Map<String, Operator> ALL = new HashMap<>();

    static {
        Elementwise.register();
        Moves.register();
        Reductions.register();
        Images.register();
        Matrices.register();
        Resizing.register();
    }

    private Operators() {}

    static Optional<Operator> find(Node node) {
        return node.domain().isEmpty()
                ? Optional.ofNullable(ALL.get(node.operator()))
                : Optional.empty();
    }

    static void add(String name, Operator.Flow flow, Operator.Single body) {
        addAll(name, flow, call -> List.of(body.run(call)));
    }

    static void addAll(String name, Operator.Flow flow, Operator.Body body) {
        ALL.put(name, new Operator(flow, body));
    }
}
