package athanor.nn.io;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.GradMode;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.nn.Module;
import athanor.nn.Parameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A model's parameters and buffers as named tensors in PyTorch's layout: filters are `[K, C, R,
/// S]` there and `[K, R, S, C]` here.
public final class StateDict {
    private static final int[] TO_FILE = {0, 3, 1, 2};
    private static final int[] FROM_FILE = {0, 2, 3, 1};
    private static final int NAMES_SHOWN = 3;

    private StateDict() {}

    /// Copies of all parameters and buffers.
    public static Map<String, TensorData> of(Module model) {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        state(model).forEach((name, parameter) -> tensors.put(name, write(parameter)));
        return tensors;
    }

    /// Gives the model the values of a file, or changes nothing and throws [ModelFileProblem] if
    /// they do not fit. Names of a checkpoint that begin with `optimizer.` or `state.`, and
    /// PyTorch's `num_batches_tracked`, are passed over; names of other repositories are understood
    /// ([ForeignNames]).
    ///
    /// @param source what to call the file in an error message
    public static void load(Module model, Map<String, TensorData> given, String source) {
        Map<String, Parameter> state = state(model);
        Map<String, TensorData> tensors = ForeignNames.fit(given, state.keySet());
        List<String> missing = new ArrayList<>(state.keySet());
        missing.removeAll(tensors.keySet());
        List<String> unexpected = new ArrayList<>();
        List<String> misfits = new ArrayList<>();
        tensors.forEach(
                (name, tensor) -> {
                    Parameter parameter = state.get(name);
                    if (parameter == null) {
                        if (!isPassedOver(name)) {
                            unexpected.add(name);
                        }
                    } else if (!tensor.shape().equals(fileShape(parameter.shape()))) {
                        misfits.add(
                                name
                                        + " is "
                                        + tensor.shape()
                                        + " there and "
                                        + fileShape(parameter.shape())
                                        + " here");
                    } else if (!tensor.type().isFloating()) {
                        misfits.add(name + " is of type " + tensor.type());
                    }
                });
        if (!missing.isEmpty() || !unexpected.isEmpty() || !misfits.isEmpty()) {
            List<String> reasons = new ArrayList<>();
            describe("missing", missing, reasons);
            describe("unexpected", unexpected, reasons);
            describe("of another shape or type", misfits, reasons);
            throw new ModelFileProblem(
                    source
                            + " is of another model: "
                            + String.join("; ", reasons)
                            + ". Choose the model, stem and number of classes it was made with.");
        }
        tensors.forEach(
                (name, tensor) -> {
                    Parameter parameter = state.get(name);
                    if (parameter != null) {
                        parameter.assign(read(tensor, parameter.dtype()));
                    }
                });
    }

    private static Map<String, Parameter> state(Module model) {
        Map<String, Parameter> state = new LinkedHashMap<>(model.parameters());
        state.putAll(model.buffers());
        return state;
    }

    private static boolean isPassedOver(String name) {
        return name.startsWith("optimizer.")
                || name.startsWith("state.")
                || name.endsWith("num_batches_tracked");
    }

    private static void describe(String what, List<String> names, List<String> reasons) {
        if (!names.isEmpty()) {
            String shown = String.join(", ", names.subList(0, Math.min(NAMES_SHOWN, names.size())));
            String more = names.size() > NAMES_SHOWN ? ", ..." : "";
            reasons.add(names.size() + " " + what + " (" + shown + more + ")");
        }
    }

    private static Shape fileShape(Shape shape) {
        return shape.rank() == 4
                ? Shape.of(shape.dim(0), shape.dim(3), shape.dim(1), shape.dim(2))
                : shape;
    }

    private static TensorData write(Parameter parameter) {
        try (Workspace _ = Workspace.open()) {
            Tensor values = permuted(parameter.tensor(), TO_FILE);
            return parameter.dtype() == DType.FLOAT64
                    ? TensorData.of(values.shape(), values.toDoubles())
                    : TensorData.of(values.shape(), values.toFloats());
        }
    }

    private static HostBuffer read(TensorData data, DType dtype) {
        HostBuffer host = data.host(dtype);
        if (data.shape().rank() != 4) {
            return host;
        }
        try (Workspace _ = Workspace.open()) {
            Tensor values = permuted(Tensor.of(Backend.cpu(), data.shape(), host), FROM_FILE);
            return dtype == DType.FLOAT64
                    ? HostBuffer.of(values.toDoubles())
                    : HostBuffer.of(values.toFloats());
        }
    }

    private static Tensor permuted(Tensor x, int[] permutation) {
        return x.shape().rank() == 4 ? GradMode.off(() -> x.transpose(permutation)) : x;
    }
}
