package athanor.nn;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.GradMode;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// What the layers of a model do to one image, in the order in which they run: found by running
/// them in evaluation mode. ReLU and additions that are fused into a norm have no row of their own.
///
/// @param parameters of the whole model
/// @param multiplyAdds of convolutions and linear layers, for one image
public record Summary(List<Layer> layers, long parameters, long multiplyAdds) {
    /// One layer. `output` is for a batch of 1, and `outputBytes` is what it takes.
    public record Layer(
            String name,
            String kind,
            Shape output,
            long parameters,
            long multiplyAdds,
            long outputBytes) {}

    /// Of a layer, for a batch of 1.
    public record Shapes(Shape input, Shape output) {}

    /// Of a model that has values, for images of shape `[H, W, C]`. The model stays as it was.
    public static Summary of(Module model, Shape image) {
        Map<Module, String> names = new HashMap<>();
        Map<String, Module> modules = model.modules();
        modules.forEach((name, module) -> names.putIfAbsent(module, name));
        int bytes =
                model.parameters().values().stream()
                        .findFirst()
                        .map(Parameter::dtype)
                        .orElse(DType.FLOAT32)
                        .bytes();
        Set<Module> counted = new HashSet<>();
        List<Layer> layers = new ArrayList<>();
        Module.Observer observer =
                (module, input, output) -> {
                    if (module.children().isEmpty()) {
                        layers.add(
                                new Layer(
                                        names.getOrDefault(module, "?"),
                                        module.kind(),
                                        output.shape(),
                                        counted.add(module) ? module.parameterCount() : 0,
                                        module.multiplyAdds(input.shape(), output.shape()),
                                        (long) output.size() * bytes));
                    }
                };
        observe(model, image, observer);
        return new Summary(
                List.copyOf(layers),
                model.parameterCount(),
                layers.stream().mapToLong(Layer::multiplyAdds).sum());
    }

    /// What goes into each layer and what comes out, for a batch of one image of shape `[H, W, C]`.
    public static Map<Module, Shapes> shapes(Module model, Shape image) {
        Map<Module, Shapes> shapes = new IdentityHashMap<>();
        observe(
                model,
                image,
                (module, input, output) ->
                        shapes.put(module, new Shapes(input.shape(), output.shape())));
        return shapes;
    }

    /// Runs the model in evaluation mode, and leaves it as it was.
    private static void observe(Module model, Shape image, Module.Observer observer) {
        DType dtype = DType.FLOAT32;
        Backend backend = Backend.cpu();
        for (Parameter parameter : model.parameters().values()) {
            dtype = parameter.dtype();
            backend = parameter.backend();
        }
        Shape batch = Shape.of(1, image.dim(0), image.dim(1), image.dim(2));
        List<Module> inOrder = List.copyOf(model.modules().values());
        List<Boolean> modes = inOrder.stream().map(Module::isTraining).toList();
        model.train(false);
        try (Workspace _ = Workspace.open()) {
            Tensor x = Tensor.zeros(backend, dtype, batch);
            ScopedValue.where(Module.OBSERVER, observer)
                    .run(() -> GradMode.off(() -> model.forward(x)));
        } finally {
            // Parents come before their children, so that each ends with its own mode.
            for (int i = 0; i < inOrder.size(); i++) {
                inOrder.get(i).train(modes.get(i));
            }
        }
    }

    /// The bytes of all outputs for one image: what a training step keeps of them, about.
    public long outputBytes() {
        return layers.stream().mapToLong(Layer::outputBytes).sum();
    }

    /// The layers as a table for people.
    public String table() {
        int widest = Math.max(5, layers.stream().mapToInt(l -> l.name().length()).max().orElse(0));
        String format = "%-" + widest + "s  %-22s %-20s %,14d %,16d %,14d%n";
        StringBuilder table = new StringBuilder();
        String head = format.replace(",", "").replace('d', 's');
        table.append(
                head.formatted(
                        "layer", "kind", "output", "parameters", "multiply-adds", "output bytes"));
        for (Layer layer : layers) {
            table.append(
                    String.format(
                            Locale.ROOT,
                            format,
                            layer.name(),
                            layer.kind(),
                            layer.output(),
                            layer.parameters(),
                            layer.multiplyAdds(),
                            layer.outputBytes()));
        }
        table.append(
                String.format(
                        Locale.ROOT,
                        format,
                        "total",
                        "",
                        "",
                        parameters,
                        multiplyAdds,
                        outputBytes()));
        return table.toString();
    }
}
