package athanor.nn.onnx;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.GradMode;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Initializer;
import athanor.nn.Module;
import athanor.nn.Parameter;
import athanor.nn.io.ModelFileProblem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// A model of another program, read from an ONNX file and run operator by operator: a module like
/// any other, for inference and for fine-tuning.
///
/// [#forward] takes what our models take, images `[N, H, W, C]` or rows, as the first input, and
/// yields the first output. Constants that stand where weights do are parameters, under their
/// names in the file; the moments of batch norms are buffers.
public final class OnnxModel extends Module {
    /// Inputs of operators that are weights.
    private static final Map<String, List<Integer>> WEIGHTS =
            Map.ofEntries(
                    Map.entry("Conv", List.of(1, 2)),
                    Map.entry("ConvTranspose", List.of(1, 2)),
                    Map.entry("Gemm", List.of(0, 1, 2)),
                    Map.entry("MatMul", List.of(0, 1)),
                    Map.entry("BatchNormalization", List.of(1, 2)),
                    Map.entry("InstanceNormalization", List.of(1, 2)),
                    Map.entry("LayerNormalization", List.of(1, 2)),
                    Map.entry("PRelu", List.of(1)),
                    Map.entry("Gather", List.of(0)),
                    Map.entry("Add", List.of(0, 1)),
                    Map.entry("Mul", List.of(0, 1)));

    /// Those that a batch norm keeps itself.
    private static final Map<String, List<Integer>> MOMENTS =
            Map.of("BatchNormalization", List.of(3, 4));

    private static final int NAMES_SHOWN = 3;
    private static final int LARGEST_TRIAL = 1 << 24;

    private final Message source;
    private final Graph graph;
    private final Map<String, Value> constants;
    private final Map<String, Parameter> state = new LinkedHashMap<>();
    private final Map<Node, Set<String>> lastUses = new IdentityHashMap<>();

    /// A part of the dotted names; runs nothing itself.
    private static final class Names extends Module {
        @Override
        protected Tensor compute(Tensor x) {
            throw new IllegalStateException("the parts of an ONNX model run together");
        }

        Parameter place(List<String> path, Shape shape, Initializer values, boolean isBuffer) {
            String first = path.getFirst();
            if (path.size() > 1) {
                Names inner =
                        children().get(first) instanceof Names names
                                ? names
                                : child(first, new Names());
                return inner.place(path.subList(1, path.size()), shape, values, isBuffer);
            }
            return isBuffer ? buffer(first, shape, values) : parameter(first, shape, values);
        }
    }

    private OnnxModel(Message source, Graph read) {
        this.source = source;
        graph = read.withoutConstants();
        Set<String> weights = named(WEIGHTS);
        Set<String> moments = named(MOMENTS);
        Set<String> others = new HashSet<>();
        for (Node node : graph.nodes()) {
            for (int i = 0; i < node.inputs().size(); i++) {
                if (!isOneOf(WEIGHTS, node, i) && !isOneOf(MOMENTS, node, i)) {
                    others.add(node.inputs().get(i));
                }
            }
        }
        read.constants()
                .forEach(
                        (name, value) -> {
                            boolean used = weights.contains(name) || moments.contains(name);
                            if (value.type() == ElementType.FLOAT
                                    && value.rank() > 0
                                    && used
                                    && !others.contains(name)) {
                                state.put(name, place(name, value, moments.contains(name)));
                            }
                        });
        constants = new HashMap<>(read.constants());
        constants.keySet().removeAll(state.keySet());
        Set<String> later = new HashSet<>();
        graph.outputs().forEach(port -> later.add(port.name()));
        for (Node node : graph.nodes().reversed()) {
            Set<String> last = new HashSet<>(node.inputs());
            last.removeAll(later);
            later.addAll(node.inputs());
            lastUses.put(node, last);
        }
    }

    private Set<String> named(Map<String, List<Integer>> inputs) {
        Set<String> names = new HashSet<>();
        for (Node node : graph.nodes()) {
            for (int i = 0; i < node.inputs().size(); i++) {
                if (isOneOf(inputs, node, i)) {
                    names.add(node.inputs().get(i));
                }
            }
        }
        return names;
    }

    private static boolean isOneOf(Map<String, List<Integer>> inputs, Node node, int i) {
        return inputs.getOrDefault(node.operator(), List.of()).contains(i);
    }

    /// Four axes lie in the engine's order, as those of our own filters do, and files of parameters
    /// know that.
    private Parameter place(String name, Value value, boolean isBuffer) {
        boolean images = value.rank() == 4;
        Value lying = images ? value.transpose(0, 2, 3, 1) : value;
        float[] values = floats(lying);
        Initializer initializer = (_, _) -> values.clone();
        List<String> path = new ArrayList<>(Arrays.asList(name.split("\\.", -1)));
        path.replaceAll(part -> part.isEmpty() ? "_" : part);
        String first = path.getFirst();
        if (path.size() == 1 || parameters().containsKey(first)) {
            String whole = String.join("_", path);
            return isBuffer
                    ? buffer(whole, lying.shape(), initializer)
                    : parameter(whole, lying.shape(), initializer);
        }
        Names names =
                children().get(first) instanceof Names known ? known : child(first, new Names());
        return names.place(path.subList(1, path.size()), lying.shape(), initializer, isBuffer);
    }

    private static float[] floats(Value value) {
        double[] values = value.doubles();
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    // ---- reading ----

    /// Reads a model and gives its parameters their values. Throws [ModelFileProblem] for a file
    /// that is none, and for operators that are not known, which it names with their nodes.
    public static OnnxModel read(Path file) {
        try {
            Path folder = file.toAbsolutePath().resolveSibling("");
            OnnxModel model = parse(Files.readAllBytes(file), Optional.of(folder));
            model.initialize(PhiloxKey.of(0));
            return model;
        } catch (NoSuchFileException e) {
            throw new ModelFileProblem(file, "there is no such file", e);
        } catch (IOException e) {
            throw new ModelFileProblem(file, "cannot be read: " + e.getMessage(), e);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new ModelFileProblem(file, String.valueOf(e.getMessage()), e);
        }
    }

    static OnnxModel parse(byte... bytes) {
        return parse(bytes, Optional.empty());
    }

    private static OnnxModel parse(byte[] bytes, Optional<Path> folder) {
        Message model = Message.parse(bytes);
        Map<String, Integer> opsets = new HashMap<>();
        for (Message imported : model.messages(8)) {
            String domain = imported.text(1).equals("ai.onnx") ? "" : imported.text(1);
            opsets.put(domain, Math.toIntExact(imported.number(2).orElse(1)));
        }
        if (!model.has(7) || opsets.isEmpty()) {
            throw new IllegalArgumentException("it has no graph; this is no ONNX model");
        }
        Graph graph = Graph.parse(model.message(7), opsets, folder);
        List<String> unknown =
                graph.nodes().stream()
                        .filter(node -> Operators.find(node).isEmpty())
                        .map(Node::label)
                        .toList();
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(
                    "%d of its %d operators are not known here: %s%s"
                            .formatted(
                                    unknown.size(),
                                    graph.nodes().size(),
                                    unknown.stream()
                                            .limit(NAMES_SHOWN)
                                            .collect(Collectors.joining(", ")),
                                    unknown.size() > NAMES_SHOWN ? ", ..." : ""));
        }
        return new OnnxModel(model, graph);
    }

    /// What it takes, as in `input float[?, 3, 32, 32]`.
    public List<String> inputs() {
        return graph.inputs().stream().map(Graph.Port::toString).toList();
    }

    /// What it yields.
    public List<String> outputs() {
        return graph.outputs().stream().map(Graph.Port::toString).toList();
    }

    /// What comes out where all that goes in is 0, and lengths that are open are 1.
    public List<String> outputsOfZeros() {
        train(false);
        Map<String, Value> zeros = new HashMap<>();
        try {
            for (Graph.Port port : graph.inputs()) {
                zeros.put(port.name(), zeros(port));
            }
        } catch (IllegalArgumentException e) {
            ModelFileProblem problem = new ModelFileProblem("its inputs: " + e.getMessage());
            problem.initCause(e);
            throw problem;
        }
        try (Workspace _ = Workspace.open()) {
            return GradMode.off(() -> run(zeros).stream().map(Value::toString).toList());
        }
    }

    private static Value zeros(Graph.Port port) {
        Shape shape =
                TensorFormat.shape(Arrays.stream(port.dims()).map(d -> d < 0 ? 1 : d).toArray());
        if (shape.size() > LARGEST_TRIAL) {
            throw new IllegalArgumentException(port + " is too large to be tried");
        }
        return Value.of(ElementType.of(port.elementType()), shape, new long[shape.size()]);
    }

    /// Throws [IllegalArgumentException] if it does not take images `[H, W, C]`, or yield as many
    /// numbers as there are classes, as far as the file says it.
    public void requireFit(Shape image, int classes) {
        if (graph.inputs().size() != 1 || graph.outputs().isEmpty()) {
            throw new IllegalArgumentException(
                    "it has " + graph.inputs().size() + " inputs; one, for images, can be trained");
        }
        long[] wanted = {-1, image.dim(2), image.dim(0), image.dim(1)};
        long[] taken = graph.inputs().getFirst().dims();
        boolean fits = taken.length == wanted.length;
        for (int i = 1; fits && i < wanted.length; i++) {
            fits = taken[i] < 0 || taken[i] == wanted[i];
        }
        long[] yielded = graph.outputs().getFirst().dims();
        boolean counts =
                yielded.length == 0
                        || (yielded.length == 2 && (yielded[1] < 0 || yielded[1] == classes));
        if (!fits || !counts) {
            throw new IllegalArgumentException(
                    "it takes %s and yields %s; the data has images of %d x %d x %d and %d classes"
                            .formatted(
                                    graph.inputs().getFirst(),
                                    graph.outputs().getFirst(),
                                    image.dim(2),
                                    image.dim(0),
                                    image.dim(1),
                                    classes));
        }
    }

    /// The file again, with the parameters as they are now.
    byte[] toByteArray() {
        Message graphNow = source.message(7);
        List<Message> tensors =
                graphNow.messages(5).stream()
                        .map(
                                tensor -> {
                                    Parameter parameter = state.get(TensorFormat.name(tensor));
                                    return parameter == null
                                            ? tensor
                                            : TensorFormat.floats(
                                                    TensorFormat.name(tensor), parameter.tensor());
                                })
                        .toList();
        return source.replaced(7, List.of(graphNow.replaced(5, tensors))).toByteArray();
    }

    List<Graph.Port> inputPorts() {
        return graph.inputs();
    }

    /// How often each operator occurs.
    public Map<String, Long> operators() {
        return graph.nodes().stream()
                .collect(
                        Collectors.groupingBy(Node::operator, TreeMap::new, Collectors.counting()));
    }

    // ---- running ----

    @Override
    protected Tensor compute(Tensor x) {
        if (graph.inputs().isEmpty() || graph.outputs().isEmpty()) {
            throw new ModelFileProblem("the ONNX model has no input or no output");
        }
        return Value.on(
                new Value.Target(x.backend(), x.dtype()),
                () -> {
                    Value input = x.shape().rank() == 4 ? Value.ofImages(x) : Value.of(x);
                    String name = graph.inputs().getFirst().name();
                    Value y = evaluate(Map.of(name, input)).getFirst();
                    return y.rank() == 4 ? y.images() : y.tensor();
                });
    }

    /// The outputs for inputs by name, on the CPU in float32.
    List<Value> run(Map<String, Value> inputs) {
        return Value.on(new Value.Target(Backend.cpu(), DType.FLOAT32), () -> evaluate(inputs));
    }

    private List<Value> evaluate(Map<String, Value> inputs) {
        Map<String, Value> values = new HashMap<>(constants);
        state.forEach(
                (name, parameter) -> {
                    Tensor tensor = parameter.tensor();
                    boolean images = parameter.shape().rank() == 4;
                    values.put(name, images ? Value.ofImages(tensor) : Value.of(tensor));
                });
        values.putAll(inputs);
        Set<Tensor> foreign = Collections.newSetFromMap(new IdentityHashMap<>());
        values.values().forEach(value -> value.handle().ifPresent(foreign::add));
        for (Node node : graph.nodes()) {
            List<Value> results = run(node, values);
            for (int i = 0; i < Math.min(results.size(), node.outputs().size()); i++) {
                values.put(node.outputs().get(i), results.get(i));
            }
            lastUses.getOrDefault(node, Set.of()).forEach(name -> drop(name, values, foreign));
        }
        return graph.outputs().stream()
                .map(port -> require(values, port.name(), "the model's output"))
                .toList();
    }

    private List<Value> run(Node node, Map<String, Value> values) {
        List<Optional<Value>> inputs = new ArrayList<>();
        for (String name : node.inputs()) {
            inputs.add(
                    name.isEmpty()
                            ? Optional.empty()
                            : Optional.of(require(values, name, node.label())));
        }
        Call call = new Call(node, inputs, isTraining(), (i, value) -> update(node, i, value));
        Operator operator = Operators.find(node).orElseThrow();
        return named(
                node,
                () -> {
                    if (operator.flow() == Operator.Flow.MISSING) {
                        call.requireNoGradient();
                    }
                    return Workspace.tidy(
                            () -> operator.body().run(call),
                            results -> results.stream().flatMap(v -> v.handle().stream()).toList());
                });
    }

    private void update(Node node, int input, Value value) {
        Parameter buffer = state.get(node.inputs().get(input));
        if (buffer != null) {
            buffer.tensor().assign(value.tensor());
        }
    }

    /// Says of which node a problem is.
    private static <T> T named(Node node, Supplier<T> body) {
        try {
            return body.get();
        } catch (ModelFileProblem e) {
            throw e;
        } catch (RuntimeException e) {
            ModelFileProblem problem = new ModelFileProblem(node.label() + ": " + e.getMessage());
            problem.initCause(e);
            throw problem;
        }
    }

    private static Value require(Map<String, Value> values, String name, String reader) {
        Value value = values.get(name);
        if (value == null) {
            throw new ModelFileProblem(
                    reader + ": nothing before it makes '" + name + "'; the file is damaged");
        }
        return value;
    }

    /// Forgets a value that nothing reads any more, and gives its memory back unless another value
    /// is the same tensor.
    private static void drop(String name, Map<String, Value> values, Set<Tensor> foreign) {
        Value dead = values.remove(name);
        Optional<Tensor> handle = dead == null ? Optional.empty() : dead.handle();
        handle.filter(tensor -> !foreign.contains(tensor))
                .filter(
                        tensor ->
                                values.values().stream()
                                        .flatMap(value -> value.handle().stream())
                                        .noneMatch(other -> other == tensor))
                .ifPresent(Tensor::release);
    }
}
