package athanor.train;

import athanor.engine.Backend;
import athanor.engine.Communicator;
import athanor.engine.GradMode;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.nn.Module;
import athanor.train.data.Batch;
import athanor.train.data.Batches;
import athanor.train.data.DataLoader;
import athanor.train.data.Part;
import java.util.Optional;

/// Measures a model on all images of a loader, in evaluation mode and without a graph. Several
// ranks
/// take its batches in turn, and all get the whole result.
public record Evaluator(DataLoader loader, Backend backend, Communicator ranks) {
    public Evaluator(DataLoader loader, Backend backend) {
        this(loader, backend, Communicator.single());
    }

    public Evaluation evaluate(Module model, TrainingEvent.Listener listener) {
        model.train(false);
        Evaluation.Tally tally = new Evaluation.Tally(loader.dataset().classes());
        int done = 0;
        try (Batches batches = loader.everyBatch(new Part(ranks.rank(), ranks.size())).epoch(0)) {
            for (Optional<Batch> next = batches.next(); next.isPresent(); next = batches.next()) {
                try (Batch batch = next.get()) {
                    add(model, batch, tally);
                    done += batch.size() * ranks.size();
                }
                int total = loader.dataset().size();
                listener.on(new TrainingEvent.Evaluating(Math.min(done, total), total));
            }
        }
        return tally.over(ranks).result();
    }

    private void add(Module model, Batch batch, Evaluation.Tally tally) {
        try (Workspace _ = Workspace.open()) {
            Shape shape =
                    Shape.of(
                            batch.size(),
                            batch.shape().height(),
                            batch.shape().width(),
                            batch.shape().channels());
            Tensor images = Tensor.of(backend, shape, HostBuffer.of(batch.images()));
            Tensor labels =
                    Tensor.of(backend, Shape.of(batch.size()), HostBuffer.of(batch.labels()));
            Tensor logits = GradMode.off(() -> model.forward(images));
            tally.add(
                    logits.toFloats(),
                    batch.labels(),
                    batch.size(),
                    logits.crossEntropy(labels).item());
        }
    }
}
