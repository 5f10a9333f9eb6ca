package athanor.nn;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.kernels.random.PhiloxKey;
import org.jspecify.annotations.Nullable;

/// A tensor that belongs to a layer and outlives the steps: weights that an optimizer changes, or
/// (a buffer) a statistic that the layer itself keeps. It has no values, and takes no memory,
/// before [Module#initialize] or a model file gives it some. From then on [#tensor] is the same
/// object until [Module#to] moves it.
public final class Parameter {
    private final Shape shape;
    private final Initializer initializer;
    private final boolean isBuffer;
    private Backend backend = Backend.cpu();
    private DType dtype = DType.FLOAT32;
    private boolean frozen;
    private @Nullable Tensor tensor;

    Parameter(Shape shape, Initializer initializer, boolean isBuffer) {
        this.shape = shape;
        this.initializer = initializer;
        this.isBuffer = isBuffer;
    }

    public Shape shape() {
        return shape;
    }

    /// The type it has, or will have.
    public DType dtype() {
        return dtype;
    }

    /// Where it lies, or will lie.
    public Backend backend() {
        return backend;
    }

    public int size() {
        return shape.size();
    }

    /// Whether an optimizer shall leave it alone.
    public boolean isFrozen() {
        return frozen;
    }

    /// The values. Throws before there are any.
    public Tensor tensor() {
        Tensor values = tensor;
        if (values == null) {
            throw new IllegalStateException(
                    "a parameter of shape "
                            + shape
                            + " has no values yet; call initialize(PhiloxKey.of(seed)) on the model"
                            + " or load a model file first");
        }
        return values;
    }

    /// Overwrites the values by those of an array of the same type and of at least this size.
    public void assign(HostBuffer values) {
        Tensor target = tensor;
        if (target == null) {
            target = Workspace.outside(() -> Tensor.empty(backend, dtype, shape));
            tensor = target;
            updateGradient();
        }
        backend.copy(values, target.buffer(), size());
    }

    void initialize(PhiloxKey key) {
        assign(cast(HostBuffer.of(initializer.values(shape, key))));
    }

    void to(Backend newBackend, DType newType) {
        Tensor old = tensor;
        if (old == null) {
            backend = newBackend;
            dtype = newType;
        } else if (!backend.equals(newBackend) || dtype != newType) {
            HostBuffer values = HostBuffer.allocate(dtype, size());
            backend.copy(old.buffer(), values, size());
            backend = newBackend;
            dtype = newType;
            tensor = null;
            assign(cast(values));
        }
    }

    void freeze(boolean freeze) {
        frozen = freeze;
        updateGradient();
    }

    private void updateGradient() {
        Tensor values = tensor;
        if (values == null) {
            return;
        }
        if (frozen || isBuffer) {
            values.dropGradient();
        } else {
            values.requireGradient();
        }
    }

    private HostBuffer cast(HostBuffer values) {
        if (values.dtype() == dtype) {
            return values;
        }
        HostBuffer converted = HostBuffer.allocate(dtype, size());
        for (int i = 0; i < size(); i++) {
            converted.set(i, values.get(i));
        }
        return converted;
    }
}
