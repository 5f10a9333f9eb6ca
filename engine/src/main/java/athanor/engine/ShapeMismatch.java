package athanor.engine;

import java.util.List;

/// Shapes that an operation cannot take: which operation, which rule, the shapes, and a way out.
public final class ShapeMismatch extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    private final String operation;
    private final transient List<Shape> shapes;

    public ShapeMismatch(String operation, String rule, Shape left, Shape right, String wayOut) {
        super(
                "%s: %s%n    left   %s%n    right  %s%n  %s"
                        .formatted(operation, rule, left, right, wayOut));
        this.operation = operation;
        this.shapes = List.of(left, right);
    }

    public ShapeMismatch(String operation, String rule, Shape shape, String wayOut) {
        super("%s: %s%n    shape  %s%n  %s".formatted(operation, rule, shape, wayOut));
        this.operation = operation;
        this.shapes = List.of(shape);
    }

    public String operation() {
        return operation;
    }

    public List<Shape> shapes() {
        return shapes;
    }
}
