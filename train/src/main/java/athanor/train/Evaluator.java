package athanor.train;

import athanor.engine.Backend;
import athanor.engine.GradMode;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.nn.Module;
import athanor.train.data.Batch;
import athanor.train.data.Batches;
import athanor.train.data.DataLoader;
import athanor.train.data.ImageShape;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// Measures a model on all images of a loader, in evaluation mode and without a graph.
public record Evaluator(DataLoader loader, Backend backend, TestTime views) {

    public Evaluation evaluate(Module model, TrainingEvent.Listener listener) {
        return evaluate(model, listener, () -> false).orElseThrow();
    }

    /// The same; nothing where it is asked to stop before it is done.
    Optional<Evaluation> evaluate(
            Module model, TrainingEvent.Listener listener, BooleanSupplier stops) {
        model.train(false);
        Evaluation.Tally tally = new Evaluation.Tally(loader.dataset().classes());
        int done = 0;
        try (Batches batches = loader.epoch(0)) {
            for (Optional<Batch> next = batches.next(); next.isPresent(); next = batches.next()) {
                if (stops.getAsBoolean()) {
                    return Optional.empty();
                }
                try (Batch batch = next.get()) {
                    add(model, batch, tally);
                    done += batch.size();
                }
                listener.on(new TrainingEvent.Evaluating(done, loader.dataset().size()));
            }
        }
        return Optional.of(tally.result());
    }

    private void add(Module model, Batch batch, Evaluation.Tally tally) {
        try (Workspace _ = Workspace.open()) {
            Tensor labels = Objective.labels(backend, batch);
            Tensor logits = GradMode.off(() -> logits(model, batch));
            tally.add(
                    logits.toFloats(),
                    batch.labels(),
                    batch.size(),
                    logits.crossEntropy(labels).item());
        }
    }

    private Tensor logits(Module model, Batch batch) {
        if (views == TestTime.NONE) {
            return model.forward(Objective.images(backend, batch));
        }
        ImageShape image = batch.shape();
        Shape shape = Shape.of(batch.size(), image.height(), image.width(), image.channels());
        return views.views().stream()
                .map(
                        view ->
                                Workspace.tidy(
                                        () -> {
                                            float[] seen =
                                                    TestTime.of(
                                                            view,
                                                            batch.images(),
                                                            batch.size(),
                                                            image.height(),
                                                            image.width(),
                                                            image.channels());
                                            Tensor images =
                                                    Tensor.of(backend, shape, HostBuffer.of(seen));
                                            return model.forward(images).mul(view.weight());
                                        }))
                .reduce(Tensor::add)
                .orElseThrow();
    }
}
