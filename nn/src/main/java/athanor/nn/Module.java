package athanor.nn;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.kernels.random.PhiloxKey;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;

/// A layer, or a network of layers. A new one names its parts in the constructor and says in
/// [#compute] what it does with them:
///
/// ```
/// final class Perceptron extends Module {
///     private final Linear hidden = child("hidden", new Linear(784, 128));
///     private final Linear output = child("output", new Linear(128, 10));
///
///     @Override
///     protected Tensor compute(Tensor x) {
///         return output.forward(hidden.forward(x).relu());
///     }
/// }
/// ```
///
/// Sizes are all that a constructor needs. [#to] chooses the backend and the type (float32 on the
/// CPU unless told), [#initialize] or a model file gives the values. Names are joined by dots, as
/// in `layer1.0.conv1.weight`.
public abstract class Module {
    private final Map<String, Module> children = new LinkedHashMap<>();
    private final Map<String, Parameter> parameters = new LinkedHashMap<>();
    private final Map<String, Parameter> buffers = new LinkedHashMap<>();
    private boolean training = true;

    /// Hears of every layer that is run, with its input and output at its end.
    @FunctionalInterface
    interface Observer {
        default void enters(Module module) {}

        void ran(Module module, Tensor input, Tensor output);
    }

    static final ScopedValue<Observer> OBSERVER = ScopedValue.newInstance();

    /// What this layer makes of x. Implementations call [#forward] of their children.
    protected abstract Tensor compute(Tensor x);

    /// Runs the layer. What it made on the way goes back to the workspace, except the result and
    /// what the backward pass needs.
    public final Tensor forward(Tensor x) {
        return run(x, () -> compute(x));
    }

    /// Writes what this layer computes in evaluation into a graph where x is its input, and returns
    /// the name of its output.
    public String writeTo(GraphWriter graph, String x) {
        throw new UnsupportedOperationException(kind() + " cannot be exported to ONNX");
    }

    /// The multiplications with weights that one pass over these shapes takes, without those of
    /// the children.
    protected long multiplyAdds(Shape input, Shape output) {
        return 0;
    }

    /// What the layer is called in tables.
    protected String kind() {
        return getClass().getSimpleName();
    }

    final Tensor run(Tensor x, Supplier<Tensor> body) {
        if (OBSERVER.isBound()) {
            OBSERVER.get().enters(this);
        }
        Tensor y = Workspace.tidy(body);
        if (OBSERVER.isBound()) {
            OBSERVER.get().ran(this, x, y);
        }
        return y;
    }

    // ---- parts, named in the constructor ----

    protected final <M extends Module> M child(String name, M module) {
        children.put(unused(name), module);
        return module;
    }

    /// Values that an optimizer changes.
    protected final Parameter parameter(String name, Shape shape, Initializer initializer) {
        Parameter parameter = new Parameter(shape, initializer, false);
        parameters.put(unused(name), parameter);
        return parameter;
    }

    /// Values that the layer keeps itself, such as running statistics; files hold them too.
    protected final Parameter buffer(String name, Shape shape, double initial) {
        return buffer(name, shape, Initializer.constant(initial));
    }

    protected final Parameter buffer(String name, Shape shape, Initializer initializer) {
        Parameter buffer = new Parameter(shape, initializer, true);
        buffers.put(unused(name), buffer);
        return buffer;
    }

    private String unused(String name) {
        if (name.isEmpty() || name.contains(".")) {
            throw new IllegalArgumentException(
                    "module: '" + name + "' cannot be a part's name; use one without dots");
        }
        if (children.containsKey(name)
                || parameters.containsKey(name)
                || buffers.containsKey(name)) {
            throw new IllegalArgumentException(
                    "module: it has a part named '" + name + "' already; choose another name");
        }
        return name;
    }

    public final Map<String, Module> children() {
        return Collections.unmodifiableMap(children);
    }

    /// All layers within, by dotted name; this one is "".
    public final Map<String, Module> modules() {
        Map<String, Module> all = new LinkedHashMap<>();
        walk("", (prefix, module) -> all.put(prefix, module));
        return all;
    }

    /// The parameters of this layer and of all within, by dotted name.
    public final Map<String, Parameter> parameters() {
        return collect(module -> module.parameters);
    }

    /// The buffers of this layer and of all within, by dotted name.
    public final Map<String, Parameter> buffers() {
        return collect(module -> module.buffers);
    }

    /// The parameter or buffer of that dotted name.
    public final Parameter parameter(String name) {
        Parameter found = parameters().getOrDefault(name, buffers().get(name));
        if (found == null) {
            throw new IllegalArgumentException(
                    "module: it has no parameter or buffer '" + name + "'; look at parameters()");
        }
        return found;
    }

    /// The numbers in all parameters; buffers do not count.
    public final long parameterCount() {
        return parameters().values().stream().mapToLong(Parameter::size).sum();
    }

    // ---- mode, place and values ----

    /// Whether dropout drops and batch norm uses the batch's own moments; on at first.
    public final void train(boolean on) {
        walk("", (_, module) -> module.training = on);
    }

    public final boolean isTraining() {
        return training;
    }

    /// Keeps all parameters as they are: they get no gradient. Running statistics are the matter
    /// of [#train].
    public final void freeze() {
        parameters().values().forEach(parameter -> parameter.freeze(true));
    }

    public final void unfreeze() {
        parameters().values().forEach(parameter -> parameter.freeze(false));
    }

    /// Moves all parameters and buffers. Do it before an optimizer takes hold of them.
    public final void to(Backend backend, DType dtype) {
        parameters().values().forEach(parameter -> parameter.to(backend, dtype));
        buffers().values().forEach(buffer -> buffer.to(backend, dtype));
    }

    /// Gives every parameter and buffer its first values, which depend on the key, its name and
    /// its shape alone.
    public final void initialize(PhiloxKey key) {
        parameters().forEach((name, parameter) -> parameter.initialize(key.derive(name)));
        buffers().forEach((name, buffer) -> buffer.initialize(key.derive(name)));
    }

    private Map<String, Parameter> collect(Function<Module, Map<String, Parameter>> part) {
        Map<String, Parameter> all = new LinkedHashMap<>();
        walk(
                "",
                (prefix, module) ->
                        part.apply(module)
                                .forEach((name, value) -> all.put(join(prefix, name), value)));
        return all;
    }

    private void walk(String prefix, BiConsumer<String, Module> visitor) {
        visitor.accept(prefix, this);
        children.forEach((name, child) -> child.walk(join(prefix, name), visitor));
    }

    private static String join(String prefix, String name) {
        return prefix.isEmpty() ? name : prefix + "." + name;
    }
}
