package athanor.engine;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/// A backend does not do this operation on numbers of these types.
public final class Unsupported extends RuntimeException {
    private static final long serialVersionUID = 1;

    public Unsupported(String operation, Buffer... buffers) {
        super(
                "%s of %s: a GPU computes in float32; cast to it, or use the device cpu"
                        .formatted(
                                operation,
                                Arrays.stream(buffers)
                                        .map(buffer -> buffer.dtype().name())
                                        .map(name -> name.toLowerCase(Locale.ROOT))
                                        .collect(Collectors.joining(", "))));
    }
}
