package athanor.nn;

import athanor.engine.GradMode;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The first layer of a forward pass that yields NaN or an infinite number, and those of its own
/// parameters that hold one.
public record NonFinite(String layer, String kind, List<String> parameters) {

    /// Runs the model, in the mode it is in, and looks at what each layer yields; empty where all
    /// of it is finite.
    public static Optional<NonFinite> first(Module model, Tensor x) {
        List<Module> found = new ArrayList<>();
        Module.Observer observer =
                (module, _, output) -> {
                    if (found.isEmpty() && !isFinite(output)) {
                        found.add(module);
                    }
                };
        try (Workspace _ = Workspace.open()) {
            ScopedValue.where(Module.OBSERVER, observer)
                    .run(() -> GradMode.off(() -> model.forward(x)));
        }
        return found.stream().findFirst().map(module -> of(model, module));
    }

    private static NonFinite of(Module model, Module module) {
        String name =
                model.modules().entrySet().stream()
                        .filter(entry -> entry.getValue() == module)
                        .map(Map.Entry::getKey)
                        .findFirst()
                        .orElse("?");
        List<String> parameters =
                module.parameters().entrySet().stream()
                        .filter(entry -> !isFinite(entry.getValue().tensor()))
                        .map(Map.Entry::getKey)
                        .toList();
        return new NonFinite(name, module.kind(), parameters);
    }

    /// Whether no element is NaN or infinite: of those, 0 times the element is NaN.
    public static boolean isFinite(Tensor x) {
        try (Workspace _ = Workspace.open()) {
            return GradMode.off(() -> x.mul(0).sum()).item() == 0;
        }
    }

    /// As in `layer1.0.bn1 (BatchNorm2d, whose weight is not finite)`.
    @Override
    public String toString() {
        String own =
                parameters.isEmpty()
                        ? ""
                        : ", whose " + String.join(" and ", parameters) + " is not finite";
        return layer + " (" + kind + own + ")";
    }
}
