package athanor.engine;

import it.unimi.dsi.fastutil.objects.ObjectOpenHashSet;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Who owns the memory of a step: every tensor made while a workspace is open belongs to it, and
/// goes back to the backend's [Memory] when it is closed. Tensors made while none is open belong to
/// the garbage collector, as do those made by [#outside]: parameters, running statistics, the
/// optimizer's state.
///
/// ```
/// try (Workspace step = Workspace.open()) {
///     Tensor loss = model.forward(images).crossEntropy(labels);
///     optimizer.step(loss.backward());
/// }
/// ```
///
/// Inside a step, [#tidy] gives intermediate results back earlier. A workspace belongs to the
/// thread that opened it.
public final class Workspace implements AutoCloseable {
    private static final ThreadLocal<@Nullable Workspace> CURRENT = new ThreadLocal<>();

    private final @Nullable Workspace outer;
    private final Workspace step;
    private final List<Tensor> owned = new ArrayList<>();
    private final ObjectOpenHashSet<Storage> live = new ObjectOpenHashSet<>();

    private Workspace(@Nullable Workspace outer) {
        this.outer = outer;
        this.step = outer == null ? this : outer.step;
    }

    /// Opens a workspace; one that is opened inside another is a scope of it.
    public static Workspace open() {
        Workspace workspace = new Workspace(CURRENT.get());
        CURRENT.set(workspace);
        return workspace;
    }

    /// Runs the body and gives back all that it made, except its result and what the graph saved
    /// for the backward pass.
    public static Tensor tidy(Supplier<Tensor> body) {
        return tidy(body, List::of);
    }

    /// The same for a result that holds several tensors, or none.
    public static <T> T tidy(Supplier<T> body, Function<T, List<Tensor>> tensors) {
        if (CURRENT.get() == null) {
            return body.get();
        }
        try (Workspace scope = open()) {
            T result = body.get();
            tensors.apply(result).forEach(scope::keep);
            return result;
        }
    }

    /// Runs the body with no workspace open: what it makes lives on.
    public static <T> T outside(Supplier<T> body) {
        Workspace current = CURRENT.get();
        CURRENT.set(null);
        try {
            return body.get();
        } finally {
            CURRENT.set(current);
        }
    }

    static @Nullable Workspace current() {
        return CURRENT.get();
    }

    static Storage allocate(Backend of, DType dtype, int length) {
        Workspace current = CURRENT.get();
        Backend backend = Widening.within(of);
        if (current == null) {
            return new Storage(backend, backend.allocate(dtype, length), null);
        }
        Storage storage = new Storage(backend, backend.memory().take(dtype, length), current.step);
        current.step.live.add(storage);
        return storage;
    }

    void own(Tensor tensor) {
        owned.add(tensor);
    }

    /// Hands the tensor to the outer workspace, so that it outlives this one.
    void keep(Tensor tensor) {
        if (outer != null && tensor.owner() == this) {
            tensor.owner(outer);
        }
    }

    void forget(Storage storage) {
        live.remove(storage);
    }

    /// Gives back what this workspace owns. The outermost one also takes what a graph that was
    /// never walked still holds.
    @Override
    public void close() {
        CURRENT.set(outer);
        for (Tensor tensor : owned) {
            if (tensor.owner() == this) {
                tensor.release();
            }
        }
        if (outer == null) {
            for (Storage storage : live) {
                storage.free();
            }
            live.clear();
        }
    }
}
