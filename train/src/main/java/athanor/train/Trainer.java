package athanor.train;

import athanor.engine.Backend;
import athanor.engine.OutOfMemory;
import athanor.engine.Workspace;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Module;
import athanor.nn.NonFinite;
import athanor.train.data.Batch;
import athanor.train.data.Batches;
import athanor.train.data.DataLoader;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/// The training loop. It tells its listeners what happens, and hands its progress to `checkpoint`
/// when one is due.
final class Trainer {
    /// When to stop, to look, and to save; 0 steps means no limit or never.
    record Plan(int epochs, long maxSteps, int evalEvery, int checkpointEvery, long seed) {}

    private final Objective objective;
    private final Module model;
    private final Update update;
    private final Schedule schedule;
    private final DataLoader training;
    private final Evaluator test;
    private final Backend backend;
    private final DataParallel ranks;
    private final Plan plan;
    private final Consumer<Progress> checkpoint;
    private final Function<Divergence, Progress> recovery;
    private final List<TrainingEvent.Listener> listeners;
    private volatile boolean stopping;
    /// Whether all ranks have agreed to stop after this step.
    private boolean stoppingAll;

    Trainer(
            Objective objective,
            Update update,
            Schedule schedule,
            DataLoader training,
            Evaluator test,
            DataParallel ranks,
            Plan plan,
            Consumer<Progress> checkpoint,
            Function<Divergence, Progress> recovery,
            List<TrainingEvent.Listener> listeners) {
        this.objective = objective;
        this.model = objective.model();
        this.backend = objective.backend();
        this.update = update;
        this.schedule = schedule;
        this.training = training;
        this.test = test;
        this.ranks = ranks;
        this.plan = plan;
        this.checkpoint = checkpoint;
        this.recovery = recovery;
        this.listeners = listeners;
    }

    /// Lets [#run] write a checkpoint and end by [TrainingStopped] as soon as the step under way is
    /// done. Any thread may ask for it.
    void stop() {
        stopping = true;
    }

    TrainingEvent.Finished run(Progress start) {
        ranks.start(model);
        tell(
                new TrainingEvent.Started(
                        start.epoch(), plan.epochs(), start.step(), training.batches()));
        Progress at = start;
        Optional<EpochMetrics> last = Optional.empty();
        while (isUnfinished(at)) {
            try {
                at = epoch(at);
                Optional<EpochMetrics> metrics =
                        isAtEndOfEpoch(at) ? metrics(at) : Optional.empty();
                if (metrics.isPresent()) {
                    tell(new TrainingEvent.EpochFinished(metrics.get()));
                    last = metrics;
                    at =
                            at.afterEpoch(
                                    metrics.get().test().map(Evaluation::accuracy1).orElse(-1.0));
                }
                save(at);
            } catch (Divergence e) {
                at = recovery.apply(e);
            }
            if (stops() && isUnfinished(at)) {
                throw new TrainingStopped(at.step());
            }
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
            while (at.batch() < training.batches() && !isOver(at) && !stops()) {
                long began = System.nanoTime();
                try (Batch batch = batches.next().orElseThrow()) {
                    at = step(batch, at, began);
                    stoppingAll = ranks.any(stopping);
                } catch (OutOfMemory | OutOfMemoryError e) {
                    int own = training.part().most(training.batchSize());
                    throw MemoryNeed.explain(model, training.shape(), backend, own, e);
                }
                if (plan.checkpointEvery() > 0
                        && at.step() % plan.checkpointEvery() == 0
                        && at.batch() < training.batches()
                        && !isOver(at)) {
                    save(at);
                }
            }
        }
        return at;
    }

    /// One step; its time runs from `began`, before the wait for the batch.
    private Progress step(Batch batch, Progress at, long began) {
        Schedule.Rate rate = schedule.at(at.step()).times(at.rateFactor());
        PhiloxKey key = ranks.own(PhiloxKey.of(plan.seed()).derive("step").derive(at.step()));
        LossScale scale = at.lossScale();
        double loss;
        int correct;
        boolean finite;
        try (Workspace _ = Workspace.open()) {
            Objective.Result result = objective.of(batch, scale, key);
            loss = result.loss();
            correct = result.correct();
            if (!Double.isFinite(loss)) {
                throw new Divergence(
                        "the loss is " + loss,
                        at.step() + 1,
                        objective.firstNonFinite(batch, key),
                        rate.learningRate());
            }
            finite = scale.unscale(result.gradients());
            if (finite) {
                update.step(result.gradients(), rate);
            }
        }
        double took = (System.nanoTime() - began) / 1e9;
        Progress after =
                at.afterStep(loss, correct, batch.wholeSize(), took).with(scale.after(finite));
        tell(
                new TrainingEvent.StepFinished(
                        at.epoch() + 1,
                        after.step(),
                        loss,
                        rate.learningRate(),
                        batch.wholeSize(),
                        correct,
                        took));
        return after;
    }

    /// Nothing where the training is to stop before the evaluation is done.
    private Optional<EpochMetrics> metrics(Progress at) {
        boolean due =
                plan.evalEvery() > 0
                        && ((at.epoch() + 1) % plan.evalEvery() == 0
                                || at.epoch() + 1 == plan.epochs());
        Optional<Evaluation> evaluation =
                due
                        ? update.evaluating(
                                () -> {
                                    ranks.shareBuffers(model);
                                    return test.evaluate(model, this::tell, this::stops);
                                })
                        : Optional.empty();
        if (due && evaluation.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                new EpochMetrics(
                        at.epoch() + 1,
                        at.step(),
                        schedule.at(at.step() - 1).times(at.rateFactor()).learningRate(),
                        at.meanLoss(),
                        at.accuracy(),
                        evaluation,
                        at.imagesPerSecond(),
                        at.seconds(),
                        ProcessMemory.peakResidentBytes()));
    }

    private void save(Progress at) {
        for (var parameter : model.parameters().entrySet()) {
            if (!NonFinite.isFinite(parameter.getValue().tensor())) {
                throw new Divergence(
                        "the weights are not finite",
                        at.step(),
                        parameter.getKey(),
                        schedule.at(at.step() - 1).times(at.rateFactor()).learningRate());
            }
        }
        checkpoint.accept(at);
    }

    /// A rank alone stops as soon as it is asked to; several do when all know.
    private boolean stops() {
        return ranks.isAlone() ? stopping : stoppingAll;
    }

    private boolean isOver(Progress at) {
        return at.epoch() >= plan.epochs() || (plan.maxSteps() > 0 && at.step() >= plan.maxSteps());
    }

    private boolean isAtEndOfEpoch(Progress at) {
        return at.batch() == training.batches();
    }

    /// Whether steps are left, or the evaluation behind the last one.
    private boolean isUnfinished(Progress at) {
        return !isOver(at) || isAtEndOfEpoch(at);
    }

    private void tell(TrainingEvent event) {
        listeners.forEach(listener -> listener.on(event));
    }
}
