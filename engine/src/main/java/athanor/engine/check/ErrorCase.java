package athanor.engine.check;

import athanor.engine.Backend;
import java.util.List;
import java.util.function.Consumer;

/// A wrong use of an operation, and the parts that the message must have: the operation, the rule,
/// the shapes, the way out.
public record ErrorCase(List<String> parts, Consumer<Backend> use) {

    public Finding run(Backend backend) {
        try {
            use.accept(backend);
        } catch (IllegalArgumentException | IllegalStateException e) {
            String message = String.valueOf(e.getMessage());
            List<String> missing = parts.stream().filter(part -> !message.contains(part)).toList();
            return new Finding(
                    "error",
                    toString(),
                    missing.size(),
                    0,
                    missing.isEmpty() ? "" : "no " + missing + " in: " + message);
        } catch (RuntimeException e) {
            return Finding.failed("error", toString(), "unexplained " + e);
        }
        return Finding.failed("error", toString(), "nothing was thrown");
    }

    @Override
    public String toString() {
        return String.join(", ", parts);
    }
}
