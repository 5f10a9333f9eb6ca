package athanor.train;

import athanor.engine.Backend;
import athanor.engine.Gradients;
import athanor.engine.HostBuffer;
import athanor.engine.OutOfMemory;
import athanor.engine.Randomness;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Module;
import athanor.train.data.Batch;
import athanor.train.data.Batches;
import athanor.train.data.DataLoader;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// The training loop. It tells its listeners what happens, and hands its progress to `checkpoint`
/// when one is due.
final class Trainer {
    /// When to stop, to look, and to save; 0 steps means no limit or never.
    record Plan(
            int epochs,
            long maxSteps,
            int evalEvery,
            int checkpointEvery,
            double labelSmoothing,
            long seed) {}

    private final Module model;
    private final Optimizer optimizer;
    private final Schedule schedule;
    private final DataLoader training;
    private final Evaluator test;
    private final Backend backend;
    private final DataParallel ranks;
    private final Plan plan;
    private final Consumer<Progress> checkpoint;
    private final List<TrainingEvent.Listener> listeners;

    Trainer(
            Module model,
            Optimizer optimizer,
            Schedule schedule,
            DataLoader training,
            Evaluator test,
            Backend backend,
            DataParallel ranks,
            Plan plan,
            Consumer<Progress> checkpoint,
            List<TrainingEvent.Listener> listeners) {
        this.model = model;
        this.optimizer = optimizer;
        this.schedule = schedule;
        this.training = training;
        this.test = test;
        this.backend = backend;
        this.ranks = ranks;
        this.plan = plan;
        this.checkpoint = checkpoint;
        this.listeners = listeners;
    }

    TrainingEvent.Finished run(Progress start) {
        ranks.start(model);
        tell(
                new TrainingEvent.Started(
                        start.epoch(), plan.epochs(), start.step(), training.batches()));
        Progress at = start;
        Optional<EpochMetrics> last = Optional.empty();
        while (!isOver(at)) {
            at = epoch(at);
            if (at.batch() == training.batches()) {
                EpochMetrics metrics = metrics(at);
                tell(new TrainingEvent.EpochFinished(metrics));
                last = Optional.of(metrics);
                at = at.afterEpoch(metrics.test().map(Evaluation::accuracy1).orElse(-1.0));
            }
            checkpoint.accept(at);
        }
        TrainingEvent.Finished finished = new TrainingEvent.Finished(at.step(), last);
        tell(finished);
        return finished;
    }

    /// The batches of an epoch that are left, or fewer where the last step comes first.
    private Progress epoch(Progress start) {
        model.train(true);
        Progress at = start;
        try (Batches batches = training.epoch(at.epoch(), at.batch())) {
            while (at.batch() < training.batches() && !isOver(at)) {
                long began = System.nanoTime();
                try (Batch batch = batches.next().orElseThrow()) {
                    at = step(batch, at, began);
                } catch (OutOfMemory | OutOfMemoryError e) {
                    int own = training.part().most(training.batchSize());
                    throw MemoryNeed.explain(model, training.shape(), backend, own, e);
                }
                if (plan.checkpointEvery() > 0
                        && at.step() % plan.checkpointEvery() == 0
                        && at.batch() < training.batches()
                        && !isOver(at)) {
                    checkpoint.accept(at);
                }
            }
        }
        return at;
    }

    /// One step; its time runs from `began`, before the wait for the batch.
    private Progress step(Batch batch, Progress at, long began) {
        Schedule.Rate rate = schedule.at(at.step());
        PhiloxKey key = PhiloxKey.of(plan.seed()).derive("step").derive(at.step());
        double loss;
        int correct;
        try (Workspace _ = Workspace.open()) {
            Tensor images = images(batch);
            Tensor labels = labels(batch);
            Tensor logits = Randomness.with(ranks.own(key), () -> model.forward(images));
            Tensor mean = logits.crossEntropy(labels, plan.labelSmoothing());
            Gradients gradients = ranks.backward(mean, batch.weight());
            optimizer.step(gradients, rate);
            double right = Evaluation.correct(logits, batch.labels()) * Math.signum(batch.weight());
            double[] sums = ranks.sum(mean.item() * batch.weight(), right);
            loss = sums[0];
            correct = (int) sums[1];
        }
        requireFinite(loss, at.step() + 1);
        double took = (System.nanoTime() - began) / 1e9;
        Progress after = at.afterStep(loss, correct, batch.wholeSize(), took);
        tell(
                new TrainingEvent.StepFinished(
                        at.epoch() + 1,
                        after.step(),
                        loss,
                        rate.learningRate(),
                        batch.wholeSize(),
                        took));
        return after;
    }

    private EpochMetrics metrics(Progress at) {
        boolean due =
                plan.evalEvery() > 0
                        && ((at.epoch() + 1) % plan.evalEvery() == 0
                                || at.epoch() + 1 == plan.epochs());
        if (due) {
            ranks.shareBuffers(model);
        }
        Optional<Evaluation> evaluation =
                due ? Optional.of(test.evaluate(model, this::tell)) : Optional.empty();
        return new EpochMetrics(
                at.epoch() + 1,
                at.step(),
                schedule.at(at.step() - 1).learningRate(),
                at.meanLoss(),
                at.accuracy(),
                evaluation,
                at.imagesPerSecond(),
                at.seconds(),
                ProcessMemory.peakResidentBytes());
    }

    private boolean isOver(Progress at) {
        return at.epoch() >= plan.epochs() || (plan.maxSteps() > 0 && at.step() >= plan.maxSteps());
    }

    private static void requireFinite(double loss, long step) {
        if (!Double.isFinite(loss)) {
            throw new TrainingProblem(
                    "the loss is "
                            + loss
                            + " at step "
                            + step
                            + ": the training has diverged; start again with a lower --lr or --max-lr");
        }
    }

    private Tensor images(Batch batch) {
        return Tensor.of(
                backend,
                Shape.of(
                        batch.size(),
                        batch.shape().height(),
                        batch.shape().width(),
                        batch.shape().channels()),
                HostBuffer.of(batch.images()));
    }

    private Tensor labels(Batch batch) {
        return Tensor.of(backend, Shape.of(batch.size()), HostBuffer.of(batch.labels()));
    }

    private void tell(TrainingEvent event) {
        listeners.forEach(listener -> listener.on(event));
    }
}
