package athanor.engine;

import org.jspecify.annotations.Nullable;

/// A buffer and the count of those who need it: the handles ([Tensor]) and the edges of the graph
/// that saved it. When the last lets go, the buffer returns to its [Memory]. Without a workspace
/// (`step` is null) the garbage collector frees it instead.
final class Storage {
    private final Backend backend;
    private final Buffer buffer;
    private final @Nullable Workspace step;
    private int references;
    private boolean freed;

    Storage(Backend backend, Buffer buffer, @Nullable Workspace step) {
        this.backend = backend;
        this.buffer = buffer;
        this.step = step;
    }

    Backend backend() {
        return backend;
    }

    DType dtype() {
        return buffer.dtype();
    }

    Buffer buffer() {
        if (freed) {
            throw new IllegalStateException(
                    "a tensor was used after its workspace was closed or it was released;"
                            + " create it outside (Workspace.outside) or keep the workspace open longer");
        }
        return buffer;
    }

    void retain() {
        references++;
    }

    void release() {
        references--;
        if (references == 0 && step != null) {
            step.forget(this);
            free();
        }
    }

    /// Whether exactly one handle or edge needs it, so that it may be written in place.
    boolean isExclusive() {
        return references == 1;
    }

    void free() {
        if (!freed) {
            freed = true;
            backend.memory().give(buffer);
        }
    }
}
