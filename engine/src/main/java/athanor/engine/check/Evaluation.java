package athanor.engine.check;

import athanor.engine.Autocast;
import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.Gradients;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import java.util.ArrayList;
import java.util.List;

/// A case as a backend computed it: the result, and for each leaf (input that is no constant) the
/// gradient of the inner product of the result with [#cotangent].
record Evaluation(Shape shape, double[] result, List<double[]> gradients) {

    static Evaluation forward(OperationCase operation, Backend backend, DType floating) {
        try (Workspace _ = Workspace.open();
                Autocast _ = operation.autocast(floating)) {
            return forward(operation, operation.tensors(backend, floating));
        }
    }

    static Evaluation forward(OperationCase operation, List<Tensor> inputs) {
        Tensor y = operation.function().apply(inputs);
        return new Evaluation(y.shape(), y.toDoubles(), List.of());
    }

    static Evaluation withGradients(OperationCase operation, Backend backend, DType floating) {
        if (!operation.differentiable()) {
            return forward(operation, backend, floating);
        }
        try (Workspace _ = Workspace.open();
                Autocast _ = operation.autocast(floating)) {
            List<Tensor> inputs = operation.tensors(backend, floating);
            List<Integer> leaves = leaves(operation);
            leaves.forEach(leaf -> inputs.get(leaf).requireGradient());
            Tensor y = operation.function().apply(inputs);
            double[] result = y.toDoubles();
            Tensor u = cotangent(operation, y);
            Gradients gradients = y.backward(u, (_, _) -> {});
            List<double[]> values = new ArrayList<>();
            for (int leaf : leaves) {
                values.add(gradients.of(inputs.get(leaf)).orElseThrow().toDoubles());
            }
            return new Evaluation(y.shape(), result, values);
        }
    }

    /// The numbers of the inputs that gradients are checked for.
    static List<Integer> leaves(OperationCase operation) {
        List<Integer> leaves = new ArrayList<>();
        for (int i = 0; i < operation.inputs().size(); i++) {
            if (operation.differentiable() && !operation.inputs().get(i).constant()) {
                leaves.add(i);
            }
        }
        return leaves;
    }

    static Tensor cotangent(OperationCase operation, Tensor y) {
        return Input.any()
                .with(y.shape())
                .tensor(y.backend(), y.dtype(), operation.precision(), cotangentSeed(operation));
    }

    /// The direction u that results are projected on.
    static double[] cotangent(OperationCase operation, Shape result) {
        var u = Input.any().with(result).draw(DType.FLOAT32, cotangentSeed(operation));
        double[] values = new double[result.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = u.get(i);
        }
        return values;
    }

    private static long cotangentSeed(OperationCase operation) {
        return operation.seed(-1);
    }
}
