package athanor.train;

import athanor.engine.Backend;
import athanor.engine.OutOfMemory;
import athanor.engine.Shape;
import athanor.engine.backend.Cuda;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Module;
import athanor.train.data.Batch;
import athanor.train.data.Batches;
import athanor.train.data.DataLoader;
import athanor.train.data.ImageShape;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// The training loop. It tells its listeners what happens, and hands its progress to `checkpoint`
/// when one is due.
final class Trainer {
    /// When to stop, to look, and to save; 0 steps means no limit or never. Steps are read at least
    /// every `readEvery`, and `repeats` says whether a GPU may record them.
    record Plan(
            int epochs,
            long maxSteps,
            int evalEvery,
            int checkpointEvery,
            int readEvery,
            boolean repeats,
            double labelSmoothing,
            long seed) {}

    /// The most steps that are under way before one is waited for.
    private static final int MOST_OPEN = 16;

    private final Module model;
    private final Optimizer optimizer;
    private final Schedule schedule;
    private final DataLoader training;
    private final Evaluator test;
    private final Backend backend;
    private final Plan plan;
    private final Consumer<Progress> checkpoint;
    private final List<TrainingEvent.Listener> listeners;
    private final StepReports reports;
    private Optional<TrainingStep> fullBatches = Optional.empty();

    Trainer(
            Module model,
            Optimizer optimizer,
            Schedule schedule,
            DataLoader training,
            Evaluator test,
            Backend backend,
            Plan plan,
            Consumer<Progress> checkpoint,
            List<TrainingEvent.Listener> listeners) {
        this.model = model;
        this.optimizer = optimizer;
        this.schedule = schedule;
        this.training = training;
        this.test = test;
        this.backend = backend;
        this.plan = plan;
        this.checkpoint = checkpoint;
        this.listeners = listeners;
        reports = new StepReports(backend, backend instanceof Cuda ? MOST_OPEN : 1);
    }

    TrainingEvent.Finished run(Progress start) {
        tell(
                new TrainingEvent.Started(
                        start.epoch(), plan.epochs(), start.step(), training.batches()));
        Progress at = start;
        Optional<EpochMetrics> last = Optional.empty();
        while (!isOver(at, 0)) {
            at = epoch(at);
            if (at.batch() == training.batches()) {
                EpochMetrics metrics = metrics(at);
                tell(new TrainingEvent.EpochFinished(metrics));
                last = Optional.of(metrics);
                at = at.afterEpoch(metrics.test().map(Evaluation::accuracy1).orElse(-1.0));
            }
            checkpoint.accept(at);
        }
        fullBatches.ifPresent(TrainingStep::close);
        TrainingEvent.Finished finished = new TrainingEvent.Finished(at.step(), last);
        tell(finished);
        return finished;
    }

    /// The batches of an epoch that are left, or fewer where the last step comes first.
    private Progress epoch(Progress start) {
        model.train(true);
        Progress at = start;
        reports.begin();
        try (Batches batches = training.epoch(at.epoch(), at.batch())) {
            boolean ends = at.batch() == training.batches() || isOver(at, 0);
            while (!ends) {
                try (Batch batch = batches.next().orElseThrow()) {
                    start(batch, at.step() + reports.open());
                } catch (OutOfMemory | OutOfMemoryError e) {
                    throw MemoryNeed.explain(
                            model, training.shape(), backend, training.batchSize(), e);
                }
                long step = at.step() + reports.open();
                ends =
                        at.batch() + reports.open() == training.batches()
                                || isOver(at, reports.open());
                boolean saves =
                        plan.checkpointEvery() > 0 && step % plan.checkpointEvery() == 0 && !ends;
                if (ends || saves || reports.isFull() || step % plan.readEvery() == 0) {
                    at = read(at);
                }
                if (saves) {
                    checkpoint.accept(at);
                }
            }
        }
        return at;
    }

    /// Starts the step that comes after `before` others.
    private void start(Batch batch, long before) {
        Schedule.Rate rate = schedule.at(before);
        PhiloxKey key = PhiloxKey.of(plan.seed()).derive("step").derive(before);
        boolean full = batch.size() == training.batchSize();
        TrainingStep step = full ? fullBatches() : stepOf(batch.size(), false);
        step.load(batch.images(), batch.labels());
        step.run(rate, key);
        reports.note(step.result(), batch.size(), rate.learningRate());
    }

    private TrainingStep fullBatches() {
        if (fullBatches.isEmpty()) {
            fullBatches = Optional.of(stepOf(training.batchSize(), plan.repeats()));
        }
        return fullBatches.get();
    }

    private TrainingStep stepOf(int size, boolean repeats) {
        ImageShape image = training.shape();
        Shape shape = Shape.of(size, image.height(), image.width(), image.channels());
        return new TrainingStep(model, optimizer, plan.labelSmoothing(), backend, shape, repeats);
    }

    /// Waits for the steps that were started, and tells of them.
    private Progress read(Progress start) {
        Progress at = start;
        for (StepReports.Report report : reports.read()) {
            requireFinite(report.loss(), at.step() + 1);
            at = at.afterStep(report.loss(), report.correct(), report.images(), report.seconds());
            tell(
                    new TrainingEvent.StepFinished(
                            at.epoch() + 1,
                            at.step(),
                            report.loss(),
                            report.learningRate(),
                            report.images(),
                            report.seconds()));
        }
        return at;
    }

    private EpochMetrics metrics(Progress at) {
        boolean due =
                plan.evalEvery() > 0
                        && ((at.epoch() + 1) % plan.evalEvery() == 0
                                || at.epoch() + 1 == plan.epochs());
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

    private boolean isOver(Progress at, int open) {
        return at.epoch() >= plan.epochs()
                || (plan.maxSteps() > 0 && at.step() + open >= plan.maxSteps());
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

    private void tell(TrainingEvent event) {
        listeners.forEach(listener -> listener.on(event));
    }
}
