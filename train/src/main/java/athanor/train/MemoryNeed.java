package athanor.train;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.OutOfMemory;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.nn.Module;
import athanor.train.data.ImageShape;

/// The memory of a training step, found by running two smaller ones: beyond them it is taken to
/// grow in proportion to the batch.
record MemoryNeed(long fixed, long perImage) {

    /// What the heap takes beyond the buffers in use: those kept for reuse that are a little too
    /// large or too small, and the collector's own room.
    private static final double OVERHEAD = 1.3;

    /// From steps of `probe` images and half of that; an even number.
    static MemoryNeed measure(Module model, ImageShape image, Backend backend, int probe) {
        long half = peak(model, image, backend, probe / 2);
        long whole = peak(model, image, backend, probe);
        long perImage = Math.max(1, (whole - half) / (probe / 2));
        return new MemoryNeed(Math.max(0, whole - probe * perImage), perImage);
    }

    /// From the largest steps that fit: the nearer they are to the batch, the better the guess, as
    /// the moment of the peak changes with the batch.
    private static MemoryNeed measureNear(
            Module model, ImageShape image, Backend backend, int batch) {
        for (int probe = Math.min(batch, 128) / 4 * 2; probe > 4; probe = probe / 4 * 2) {
            try {
                return measure(model, image, backend, probe);
            } catch (OutOfMemory | OutOfMemoryError e) {
                backend.memory().trim();
            }
        }
        return measure(model, image, backend, 4);
    }

    long bytes(int batch) {
        return fixed + perImage * batch;
    }

    /// One line for a step that ran out of memory: what it needs, and which batch would fit.
    static TrainingProblem explain(
            Module model, ImageShape image, Backend backend, int batch, Throwable cause) {
        backend.memory().trim();
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        long room = runtime.maxMemory() - (runtime.totalMemory() - runtime.freeMemory());
        MemoryNeed need;
        try {
            need = measureNear(model, image, backend, batch);
        } catch (OutOfMemory | OutOfMemoryError e) {
            return new TrainingProblem(
                    "not even a batch of 4 fits into the heap of %,d MB; give it more: ATHANOR_JAVA_OPTS=-Xmx8g"
                            .formatted(runtime.maxMemory() >> 20),
                    e);
        }
        long fits = (long) ((room / OVERHEAD - need.fixed) / need.perImage);
        return new TrainingProblem(
                ("a step with --batch-size %d needs about %,d MB, and the heap of %,d MB has %,d MB left; "
                                + "--batch-size %d would fit, or give more memory: ATHANOR_JAVA_OPTS=-Xmx%dm")
                        .formatted(
                                batch,
                                (long) (need.bytes(batch) * OVERHEAD) >> 20,
                                runtime.maxMemory() >> 20,
                                room >> 20,
                                Math.max(1, Math.min(fits, batch / 2)),
                                (runtime.maxMemory()
                                                - room
                                                + (long) (need.bytes(batch) * OVERHEAD * 1.1))
                                        >> 20),
                cause);
    }

    private static long peak(Module model, ImageShape image, Backend backend, int batch) {
        backend.memory().resetPeak();
        long before = backend.memory().peak();
        try (Workspace _ = Workspace.open()) {
            Shape shape = Shape.of(batch, image.height(), image.width(), image.channels());
            Tensor x = Tensor.full(backend, DType.FLOAT32, shape, 0.5);
            model.forward(x).mean().backward();
        }
        return backend.memory().peak() - before;
    }
}
